import { descendantsOf, proportionalOf, residentOf } from "../../util/proc-stat.ts";
import type { Host } from "./host.ts";

/** Kills processes that hold more than they may, with what they started. Looks ten times a second. */
export function watchMemory(hosts: Iterable<Host>, limit: number): Disposable {
  const timer = setInterval(() => {
    for (const host of hosts) {
      const bytes = host.isBusy && host.pid !== undefined ? heldBy(host.pid, limit) : 0;
      if (bytes > limit) host.exceed(`beyond its memory of ${limit} bytes: it held ${bytes}`);
    }
  }, LOOK_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const LOOK_MS = 100;

/** What is shared counts by its share, which is dear to find out: only when there is a reason to. */
function heldBy(pid: number, limit: number): number {
  const all = [pid, ...descendantsOf(pid)];
  const resident = sum(all.map(residentOf));
  return resident <= limit ? resident : sum(all.map((each) => proportionalOf(each) ?? residentOf(each)));
}

function sum(sizes: readonly (number | undefined)[]): number {
  return sizes.reduce<number>((total, size) => total + (size ?? 0), 0);
}
