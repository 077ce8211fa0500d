import type { Released, ReleaseReason } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { DEFAULT_MAX_CRASHES } from "../../job/job.ts";
import type { Connection } from "./connection.ts";
import { toDetail } from "./exchange.ts";
import { toList, toTexts } from "./rows.ts";

/** Takes everything from a holder; with `onlyOverdue` only when its heartbeat is over, and else `undefined` is the answer. */
export async function release(
  connection: Connection,
  holder: string,
  reason: ReleaseReason,
  onlyOverdue = false,
): Promise<Released | undefined> {
  const { kind, detail = `of ${holder}`, started } = reason;
  const answer = await connection.run("release", [
    holder,
    kind,
    toDetail(detail),
    DEFAULT_MAX_CRASHES,
    DEFAULT_KEEP_MS.failed,
    onlyOverdue ? 1 : 0,
    started === undefined ? 0 : 1,
    ...(started ?? []),
  ]);
  if (answer === null) return undefined;
  const [waiting, poisoned] = toList(answer);
  return { waiting: toTexts(waiting), poisoned: toTexts(poisoned) };
}
