import type { Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import type { Database } from "./database.ts";
import { type Held, toHeld } from "./held.ts";
import { toRowId } from "./ids.ts";
import { FINISHED, Moves } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { takeBack } from "./release.ts";
import { type Result, toNumber } from "./rows.ts";
import type { Sender } from "./session.ts";
import type { Statement } from "./statement.ts";

type Completed = Extract<Outcome, { kind: "completed" }>;

/** Whether every outcome is that of a job which completed: then nothing of the job itself need be read. */
export function areCompleted(outcomes: readonly Outcome[]): outcomes is readonly Completed[] {
  return outcomes.every(({ kind }) => kind === "completed");
}

/** Locks what the outcomes are about. The first answers of a packet that starts with it are for `complete`. */
export function lockHeld(database: Database, outcomes: readonly Outcome[]): readonly Statement[] {
  return database.each("lockHeld", "id", toSortedIds(outcomes));
}

export interface Completion {
  readonly settled: readonly boolean[];
  /** What is to be written, and before it. */
  readonly moves: Moves;
  readonly before: readonly Statement[];
}

/** Says what ends claims whose jobs completed, and of which outcomes the claim still held. */
export function complete(
  database: Database,
  outcomes: readonly Completed[],
  locked: readonly Result[],
  now: number,
): Completion {
  const held = new Map(locked.flatMap(({ rows }) => rows.map((row) => [toNumber(row[0]), row] as const)));
  const moves = new Moves(database);
  const ended: number[] = [];
  const settled = outcomes.map(({ id, token, result, keepMs = DEFAULT_KEEP_MS.completed }) => {
    const row = toRowId(id);
    const [, heldToken, queue] = held.get(row) ?? [];
    if (heldToken !== token) return false;
    // An outcome that is reported twice in one batch counts once.
    held.delete(row);
    ended.push(row);
    const job = { id: row, token, queue: toNumber(queue) };
    moves.finish(job, { state: FINISHED.completed, now, keepMs, result: result ?? null });
    return true;
  });
  return { settled, moves, before: database.each("dropRunning", "r.id", ended) };
}

/** Applies outcomes of all kinds in the transaction that is open. `isNews` is whether somebody should be woken. */
export async function settle(
  database: Database,
  queues: Queues,
  sender: Sender,
  outcomes: readonly Outcome[],
): Promise<{ readonly settled: readonly boolean[]; readonly isNews: boolean }> {
  const locked = await sender.send(database.each("lockHeldJobs", "r.id", toSortedIds(outcomes)));
  const held = new Map(
    locked.flatMap(({ rows }) => rows.map((row) => [toNumber(row[0]), toHeld(row)] as const)),
  );
  const moves = new Moves(database);
  const ended: number[] = [];
  const settled = outcomes.map((outcome) => {
    const job = held.get(toRowId(outcome.id));
    if (job?.token !== outcome.token) return false;
    held.delete(job.id);
    ended.push(job.id);
    apply(moves, queues, outcome, job);
    return true;
  });
  await moves.apply(sender, database.each("dropRunning", "r.id", ended));
  return { settled, isNews: moves.isNews };
}

function apply(moves: Moves, queues: Queues, outcome: Outcome, job: Held): void {
  const { id, priority, now } = job;
  switch (outcome.kind) {
    case "completed": {
      const { result, keepMs = DEFAULT_KEEP_MS.completed } = outcome;
      moves.finish(job, { state: FINISHED.completed, now, keepMs, result: result ?? null });
      return;
    }
    case "retry": {
      const { error, counts = true, delayMs } = outcome;
      if (!counts) moves.interrupt(id);
      moves.change("countAttempt", counts ? 1 : 0, JSON.stringify(error), id);
      moves.addHistory({ id, now, event: "retried", detail: error.message });
      moves.putBack(job, priority, delayMs === 0 ? undefined : now + delayMs);
      return;
    }
    case "failed": {
      const { error, keepMs = DEFAULT_KEEP_MS.failed, counts = true } = outcome;
      moves.change("countAttempt", counts ? 1 : 0, JSON.stringify(error), id);
      moves.addHistory({ id, now, event: "failed", detail: error.message });
      moves.finish(job, { state: FINISHED.failed, now, keepMs });
      return;
    }
    case "released":
      if (outcome.started) {
        moves.interrupt(id);
        moves.addHistory({ id, now, event: "interrupted" });
      }
      moves.putBack(job, priority);
      return;
    case "crashed":
      takeBack(moves, job, { kind: "crashed", detail: outcome.detail, now });
      return;
    case "cancelled":
      moves.addHistory({ id, now, event: "cancelled" });
      moves.finish(job, { state: FINISHED.cancelled, now, keepMs: DEFAULT_KEEP_MS.cancelled });
      return;
    case "advanced": {
      const { queue, payload, delayMs = 0 } = outcome;
      const target = queues.number(queue);
      moves.change("advanceJob", target, payload ?? null, id);
      moves.addHistory({ id, now, event: "moved", detail: queue });
      moves.putBack({ ...job, queue: target }, priority, delayMs === 0 ? undefined : now + delayMs);
    }
  }
}

/** Those who lock many rows do it in one order. */
function toSortedIds(outcomes: readonly Outcome[]): readonly number[] {
  return [...new Set(outcomes.map(({ id }) => toRowId(id)))].sort((a, b) => a - b);
}

/** Queues that outcomes send jobs to. */
export function targetsOf(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap((outcome) => (outcome.kind === "advanced" ? [outcome.queue] : []));
}
