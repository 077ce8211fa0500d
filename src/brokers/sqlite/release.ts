import type { Released, ReleaseReason } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { toPoison } from "../../broker/poison.ts";
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
    const job = { id: toNumber(row), queue: toNumber(queue), now };
    const text = String(job.id);
    const ran = started === undefined || started.has(text);
    const isPoison = ran && takeBack(connection, job, { detail: `of ${holder}`, ...reason });
    if (!ran) putBack(connection, job.id, undefined);
    (isPoison ? poisoned : waiting).push(text);
  }
  return { waiting, poisoned };
}

interface Held {
  readonly id: number;
  readonly queue: number;
  readonly now: number;
}

interface Befallen {
  readonly kind: ReleaseReason["kind"];
  readonly detail?: string | undefined;
}

/** Counts what befell a job that had started, and puts it back. True when it crashed once too often and is failed. */
export function takeBack(connection: Connection, held: Held, { kind, detail }: Befallen): boolean {
  const { id, queue, now } = held;
  addHistory(connection, { id, now, event: kind, detail });
  const poison = kind === "crashed" ? countCrash(connection, id, detail) : undefined;
  if (kind === "interrupted") connection.statement("countInterruption").run(id);
  if (poison === undefined) {
    putBack(connection, id, undefined);
    return false;
  }
  connection.statement("setError").run(JSON.stringify(poison), id);
  finish(connection, { id, queue, state: FINISHED.failed, now, keepMs: DEFAULT_KEEP_MS.failed });
  return true;
}

/** An answer is why the job is given up. */
function countCrash(connection: Connection, id: number, detail: string | undefined): JobError | undefined {
  const [crashes = 0, maxCrashes = 0] = (connection.statement("countCrash").get(id) ?? []).map(toNumber);
  return crashes < maxCrashes ? undefined : toPoison(crashes, detail);
}
