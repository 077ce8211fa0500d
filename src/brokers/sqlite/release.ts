import type { Released, ReleaseReason } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import type { JobError } from "../../job/job.ts";
import type { Connection } from "./connection.ts";
import { addHistory, FINISHED, finish, putBack } from "./moves.ts";
import { toNumber } from "./rows.ts";

/** Takes everything from a holder, in the write transaction that is open. */
export function release(
  connection: Connection,
  holder: string,
  reason: ReleaseReason,
  now: number,
): Released {
  const found = connection.statement("holderId").get(holder);
  if (found === undefined) return { waiting: [], poisoned: [] };
  const holderId = toNumber(found[0]);
  const held = connection.statement("heldBy").all(holderId);
  connection.statement("endHeld").run(holderId);
  connection.statement("deleteHolder").run(holderId);

  const started = reason.started === undefined ? undefined : new Set(reason.started);
  const waiting: string[] = [];
  const poisoned: string[] = [];
  for (const [row, queue] of held) {
    const id = toNumber(row);
    const ran = started === undefined || started.has(String(id));
    const poison = ran ? count(connection, { id, reason, holder, now }) : undefined;
    if (poison === undefined) {
      putBack(connection, id, undefined);
      waiting.push(String(id));
    } else {
      connection.statement("setError").run(JSON.stringify(poison), id);
      finish(connection, {
        id,
        queue: toNumber(queue),
        state: FINISHED.failed,
        now,
        keepMs: DEFAULT_KEEP_MS.failed,
      });
      poisoned.push(String(id));
    }
  }
  return { waiting, poisoned };
}

interface Counting {
  readonly id: number;
  readonly reason: ReleaseReason;
  readonly holder: string;
  readonly now: number;
}

/** Counts what befell a job that had started. An answer is why it is given up. */
function count(connection: Connection, { id, reason, holder, now }: Counting): JobError | undefined {
  const { kind, detail = `of ${holder}` } = reason;
  addHistory(connection, { id, now, event: kind, detail });
  if (kind === "interrupted") {
    connection.statement("countInterruption").run(id);
    return undefined;
  }
  const [crashes = 0, maxCrashes = 0] = (connection.statement("countCrash").get(id) ?? []).map(toNumber);
  if (crashes < maxCrashes) return undefined;
  const message = `${crashes} ${crashes === 1 ? "process" : "processes"} died under this job, the last one ${detail}`;
  return { name: "PoisonError", message };
}
