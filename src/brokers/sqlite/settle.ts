import type { Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { areCompleted, type Completed, complete } from "./complete.ts";
import { type Connection, toRowId } from "./connection.ts";
import { addHistory, FINISHED, finish, forget, putBack } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { takeBack } from "./release.ts";
import { toNumber } from "./rows.ts";

interface Settled {
  readonly settled: readonly boolean[];
  /** Whether a job became waiting or scheduled. */
  readonly wakes: boolean;
}

/** Applies outcomes in the write transaction that is open: by the batch where all completed, else one by one. */
export function settle(
  connection: Connection,
  queues: Queues,
  outcomes: readonly Outcome[],
  now: number,
): Settled {
  if (areCompleted(outcomes)) return { settled: complete(connection, outcomes, now), wakes: false };
  const held = endClaims(connection, outcomes);
  let wakes = false;
  const settled = outcomes.map((outcome) => {
    const claim = held.get(outcome.id);
    if (claim?.token !== outcome.token) return false;
    // An outcome that is reported twice in one batch counts once.
    held.delete(outcome.id);
    wakes = apply(connection, queues, { outcome, queue: claim.queue, now }) || wakes;
    return true;
  });
  return { settled, wakes };
}

interface EndedClaim {
  readonly token: number;
  readonly queue: number;
}

/** Ends those claims that are still the holder's, and says which queue each job is in. */
function endClaims(connection: Connection, outcomes: readonly Outcome[]): Map<string, EndedClaim> {
  const byToken = new Map<number, number[]>();
  for (const { id, token } of outcomes) {
    const ids = byToken.get(token);
    if (ids === undefined) byToken.set(token, [toRowId(id)]);
    else ids.push(toRowId(id));
  }
  const held = new Map<string, EndedClaim>();
  for (const [token, ids] of byToken) {
    for (const [id, queue] of connection.statement("endClaims").all(token, JSON.stringify(ids))) {
      held.set(String(id), { token, queue: toNumber(queue) });
    }
  }
  return held;
}

interface Application {
  readonly outcome: Outcome;
  readonly queue: number;
  readonly now: number;
}

/** Applies one outcome; true when somebody should be woken for it. */
function apply(connection: Connection, queues: Queues, { outcome, queue, now }: Application): boolean {
  const id = toRowId(outcome.id);
  switch (outcome.kind) {
    case "completed":
      completeOne(connection, outcome, queue, now);
      return false;
    case "retry":
      if (outcome.counts === false) connection.statement("countInterruption").run(id);
      connection
        .statement("countAttempt")
        .run(outcome.counts === false ? 0 : 1, JSON.stringify(outcome.error), id);
      addHistory(connection, { id, now, event: "retried", detail: outcome.error.message });
      putBack(connection, id, outcome.delayMs === 0 ? undefined : now + outcome.delayMs);
      return true;
    case "failed": {
      const { error, keepMs = DEFAULT_KEEP_MS.failed, counts = true } = outcome;
      connection.statement("countAttempt").run(counts ? 1 : 0, JSON.stringify(error), id);
      addHistory(connection, { id, now, event: "failed", detail: error.message });
      finish(connection, { id, queue, state: FINISHED.failed, now, keepMs });
      return false;
    }
    case "released":
      if (outcome.started) {
        connection.statement("countInterruption").run(id);
        addHistory(connection, { id, now, event: "interrupted" });
      }
      putBack(connection, id, undefined);
      return true;
    case "crashed":
      return !takeBack(connection, { id, queue, now }, { kind: "crashed", detail: outcome.detail });
    case "cancelled":
      addHistory(connection, { id, now, event: "cancelled" });
      finish(connection, { id, queue, state: FINISHED.cancelled, now, keepMs: DEFAULT_KEEP_MS.cancelled });
      return false;
    case "advanced": {
      const due = outcome.delayMs === undefined || outcome.delayMs === 0 ? null : now + outcome.delayMs;
      connection.statement("advanceJob").run(queues.ensure(outcome.queue), outcome.payload ?? null, due, id);
      addHistory(connection, { id, now, event: "moved", detail: outcome.queue });
      putBack(connection, id, due ?? undefined);
      return true;
    }
  }
}

function completeOne(
  connection: Connection,
  { id, result, keepMs = DEFAULT_KEEP_MS.completed }: Completed,
  queue: number,
  now: number,
): void {
  const row = toRowId(id);
  if (keepMs === 0) forget(connection, [row]);
  else connection.statement("finishWithOwnResult").run(queue, row, now, now + keepMs, result ?? null);
}
