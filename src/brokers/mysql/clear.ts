import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import type { JobState } from "../../job/states.ts";
import type { Database, Transaction } from "./database.ts";
import { FINISHED, Moves } from "./moves.ts";
import { type Result, toNumber } from "./rows.ts";
import type { SqlValue } from "./statement.ts";

/** Jobs of each state that one transaction clears at most. */
const PART = 500;

interface Clearing {
  readonly queue: number;
  /** Codes of the finished states that are to be deleted. */
  readonly finished: readonly number[];
  readonly pending: readonly Pending[];
}

type Pending = "waiting" | "scheduled" | "blocked";

const PENDING: readonly Pending[] = ["waiting", "scheduled", "blocked"];

/** Empties a queue, some jobs in each transaction. What is cancelled now is to be looked at for a while: it is not deleted. */
export async function clear(database: Database, queue: number, state: JobState | undefined): Promise<number> {
  const isWanted = (name: string) => state === undefined || state === name;
  let finished = Object.entries(FINISHED).flatMap(([name, code]) => (isWanted(name) ? [code] : []));
  const pending = PENDING.filter(isWanted);
  let touched = 0;
  for (let more = true; more; ) {
    const part = await database.write((transaction) =>
      clearPart(database, transaction, { queue, finished, pending }),
    );
    touched += part.touched;
    more = part.more;
    if (part.hasCancelled) finished = [];
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
    ...finished.map((code) => database.statement("oldestFinished", queue, code, PART)),
    ...pending.map((name) => database.statement(`${name}In`, queue, PART)),
  ]);
  const now = toNumber(clock?.rows[0]?.[0]);
  const moves = new Moves(database);
  const deleted = finished.flatMap((code, place) => {
    const ids = idsOf(answers[place]);
    for (const id of ids) moves.forget(id);
    return ids.map((id) => [queue, code, id]);
  });
  const drops = [...database.many("dropFinished", deleted)];
  const hasAll = finished.every((_, place) => idsOf(answers[place]).length < PART);
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
    const answer = answers[finished.length + place];
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

function idsOf(answer: Result | undefined): readonly number[] {
  return (answer?.rows ?? []).map(([id]) => toNumber(id));
}
