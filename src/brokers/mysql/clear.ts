import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import type { JobState } from "../../job/states.ts";
import type { Database, Transaction } from "./database.ts";
import { FINISHED, Moves } from "./moves.ts";
import { type Result, toNumber } from "./rows.ts";
import type { SqlValue, Statement } from "./statement.ts";

/** Jobs of each state that one transaction clears at most. */
const PART = 500;

interface Clearing {
  readonly queue: number;
  /** The code of the finished state that is to be deleted, or all of them, or none. */
  readonly finished: number | "all" | "none";
  readonly pending: readonly Pending[];
}

type Pending = "waiting" | "scheduled" | "blocked";

const PENDING: readonly Pending[] = ["waiting", "scheduled", "blocked"];

/** Empties a queue, some jobs in each transaction. What is cancelled now is to be looked at for a while: it is not deleted. */
export async function clear(database: Database, queue: number, state: JobState | undefined): Promise<number> {
  const isWanted = (name: string) => state === undefined || state === name;
  let finished = finishedOf(state);
  const pending = PENDING.filter(isWanted);
  let touched = 0;
  for (let more = true; more; ) {
    const part = await database.write((transaction) =>
      clearPart(database, transaction, { queue, finished, pending }),
    );
    touched += part.touched;
    more = part.more;
    if (part.hasCancelled) finished = "none";
  }
  return touched;
}

async function clearPart(
  database: Database,
  transaction: Transaction,
  { queue, finished, pending }: Clearing,
): Promise<{ readonly touched: number; readonly more: boolean; readonly hasCancelled: boolean }> {
  const [clock, ...answers] = await transaction.send([
    database.statement("now"),
    ...findFinished(database, queue, finished),
    ...pending.map((name) => database.statement(`${name}In`, queue, PART)),
  ]);
  const now = toNumber(clock?.rows[0]?.[0]);
  const moves = new Moves(database);
  const first = finished === "none" ? 0 : 1;
  const ended = first === 0 ? [] : (answers[0]?.rows ?? []);
  const deleted = ended.map((row) => {
    const [id = 0, code = finished] = row.map(toNumber);
    moves.forget(id);
    return [queue, Number(code), id];
  });
  const drops = [...database.many("dropFinished", deleted)];
  const hasAll = ended.length < PART;
  if (!hasAll) {
    await moves.apply(transaction, drops);
    return { touched: deleted.length, more: true, hasCancelled: false };
  }

  let cancelled = 0;
  let more = false;
  const cancel = (found: readonly Result[], name: Pending) => {
    for (const row of found.flatMap(({ rows }) => rows)) {
      const [id = 0, token = 0] = row.map(toNumber);
      moves.addHistory({ id, now, event: "cancelled", detail: `while ${name}` });
      const keepMs = DEFAULT_KEEP_MS.cancelled;
      moves.finish({ id, token, queue }, { state: FINISHED.cancelled, now, keepMs });
      cancelled++;
    }
  };
  for (const [place, name] of pending.entries()) {
    const answer = answers[first + place];
    const found = answer?.rows ?? [];
    if (found.length === 0 || answer === undefined) continue;
    more ||= found.length === PART;
    const keys = found.map((row) => keyOf(name, queue, row.map(toNumber)));
    // Rows of waiting are locked by being found; others are found by reading those of all queues.
    const locked = name === "waiting" ? [answer] : await transaction.send(database.many(LOCKS[name], keys));
    cancel(locked, name);
    drops.push(...database.many(DROPS[name], keys));
  }
  await moves.apply(transaction, drops);
  return { touched: deleted.length + cancelled, more, hasCancelled: true };
}

const LOCKS = { scheduled: "lockScheduledOnes", blocked: "lockBlockedOnes" } as const;
const DROPS = { waiting: "dropWaitingOnes", scheduled: "dropScheduled", blocked: "dropBlocked" } as const;

/** The primary key of a row of `waitingIn` and the like. */
function keyOf(name: Pending, queue: number, [id = 0, , place = 0]: readonly number[]): SqlValue {
  if (name === "waiting") return [queue, place, id];
  return name === "scheduled" ? [place, id] : id;
}

function finishedOf(state: JobState | undefined): Clearing["finished"] {
  if (state === undefined) return "all";
  return state === "completed" || state === "failed" || state === "cancelled" ? FINISHED[state] : "none";
}

function findFinished(
  database: Database,
  queue: number,
  finished: Clearing["finished"],
): readonly Statement[] {
  if (finished === "none") return [];
  if (finished === "all") return [database.statement("finishedIn", queue, PART)];
  return [database.statement("oldestFinished", queue, finished, PART)];
}
