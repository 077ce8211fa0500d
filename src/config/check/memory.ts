import { totalmem } from "node:os";
import { formatBytes } from "../../job/size.ts";
import type { WorkerGroup } from "../resolved.ts";
import type { Problem } from "./problems.ts";

/** What a worker takes that nobody set a limit for: Node.js, a broker's client and a small application. */
const USUAL_BYTES = 60 * 1024 ** 2;

/** Whether all workers together may take more memory than there is. */
export function findMemoryWarning(groups: readonly WorkerGroup[], available: number): readonly Problem[] {
  const total = groups.reduce((sum, { count, memory }) => sum + count * (memory?.soft ?? USUAL_BYTES), 0);
  if (total <= available) return [];
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const reason = `${count} of them may take ${formatBytes(total)}, and there are ${formatBytes(available)} of memory`;
  return [{ path: ["workers"], reason }];
}

/** The memory of this host or, if that is less, of the container. */
export function memoryOfHost(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
