import type { Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { toPoison } from "../../broker/poison.ts";
import type { HistoryEntry } from "../../job/job.ts";
import { clean, toRowId, toToken } from "./ids.ts";

/** How states are written, and what deletes a job. */
export const STATE = {
  waiting: 0,
  scheduled: 1,
  blocked: 2,
  running: 3,
  completed: 4,
  failed: 5,
  cancelled: 6,
} as const;
export const GONE = 9;

/** What befalls one job; what is left out changes nothing. The statement `apply` reads it as JSON. */
export interface Move {
  readonly id: number;
  /** Of the claim that must still hold; none for what does not depend on one. */
  readonly token?: number | undefined;
  readonly target: number;
  /** How many more of each. */
  readonly attempts: number;
  readonly interruptions: number;
  readonly crashes: number;
  /** Whether attempts begin anew. */
  readonly resets?: boolean | undefined;
  /** JSON text. */
  readonly error?: string | undefined;
  readonly keep?: number | undefined;
  readonly delay?: number | undefined;
  readonly queue?: number | undefined;
  readonly payload?: string | undefined;
  readonly event?: HistoryEntry["event"] | undefined;
  readonly detail?: string | undefined;
  /** Whether the detail is the state that the job was in. */
  readonly names?: boolean | undefined;
  readonly result?: string | undefined;
}

const NOTHING = { attempts: 0, interruptions: 0, crashes: 0 } as const;

export function finish(id: number, target: 4 | 5 | 6, keepMs: number, more: Partial<Move> = {}): Move {
  return { ...NOTHING, id, target: keepMs === 0 ? GONE : target, keep: keepMs, ...more };
}

/** Makes a job waiting, or scheduled when there is a delay. */
export function putBack(id: number, delayMs: number, more: Partial<Move> = {}): Move {
  return { ...NOTHING, id, target: delayMs > 0 ? STATE.scheduled : STATE.waiting, delay: delayMs, ...more };
}

export function toDetail(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : clean(text.slice(0, MAX_DETAIL));
}

const MAX_DETAIL = 500;

/** A claim whose job was locked so that its crash can be counted. */
export interface Locked {
  readonly id: number;
  readonly token: number;
  readonly crashes: number;
  readonly maxCrashes: number;
}

/** Counts a crash, and gives the job up when it was one too many. */
export function crash({ id, token, crashes, maxCrashes }: Locked, detail: string | undefined): Move {
  const more = { token, crashes: 1, event: "crashed", detail: toDetail(detail) } as const;
  if (crashes + 1 < maxCrashes) return putBack(id, 0, more);
  const error = JSON.stringify(toPoison(crashes + 1, detail));
  return finish(id, STATE.failed, DEFAULT_KEEP_MS.failed, { ...more, error });
}

/** What an outcome does, but for a crash, which depends on those before it. `queueOf` knows every queue that is named. */
export function toMove(
  outcome: Exclude<Outcome, { kind: "crashed" }>,
  queueOf: (name: string) => number | undefined,
): Move {
  const id = toRowId(outcome.id);
  const token = toToken(outcome.token);
  switch (outcome.kind) {
    case "completed": {
      const { result, keepMs = DEFAULT_KEEP_MS.completed } = outcome;
      return finish(id, STATE.completed, keepMs, { token, result });
    }
    case "retry": {
      const counted = outcome.counts === false ? { interruptions: 1 } : { attempts: 1 };
      const error = JSON.stringify(outcome.error);
      const detail = toDetail(outcome.error.message);
      return putBack(id, outcome.delayMs, { token, ...counted, error, event: "retried", detail });
    }
    case "failed": {
      const { error, keepMs = DEFAULT_KEEP_MS.failed, counts = true } = outcome;
      const attempts = counts ? 1 : 0;
      const detail = toDetail(error.message);
      return finish(id, STATE.failed, keepMs, {
        token,
        attempts,
        error: JSON.stringify(error),
        event: "failed",
        detail,
      });
    }
    case "released":
      return putBack(id, 0, outcome.started ? { token, interruptions: 1, event: "interrupted" } : { token });
    case "cancelled":
      return finish(id, STATE.cancelled, DEFAULT_KEEP_MS.cancelled, { token, event: "cancelled" });
    case "advanced": {
      const { queue, payload, delayMs = 0 } = outcome;
      const more = {
        token,
        resets: true,
        queue: queueOf(queue),
        payload,
        event: "moved",
        detail: queue,
      } as const;
      return putBack(id, delayMs, more);
    }
  }
}
