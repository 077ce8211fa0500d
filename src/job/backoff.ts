import { GangerError } from "../errors.ts";
import { type Duration, toMs } from "./duration.ts";
import type { JobError } from "./job.ts";

/**
 * How long to wait before the next run of a job that failed.
 *
 * `fixed` waits `delay` each time; `exponential` doubles it with every failure
 * up to `max`. `jitter` takes up to that share off or adds it, by chance, so
 * that jobs which failed together do not come back together.
 */
export type Backoff =
  | { readonly type: "fixed"; readonly delay: Duration; readonly jitter?: number | undefined }
  | {
      readonly type: "exponential";
      readonly delay: Duration;
      /** @default "1h" */
      readonly max?: Duration | undefined;
      readonly jitter?: number | undefined;
    };

/** A backoff of one's own: `attempts` is the number of failures so far, 1 at first. */
export type BackoffFunction = (attempts: number, error: JobError) => Duration;

export const DEFAULT_BACKOFF: Backoff = { type: "exponential", delay: "1s", max: "1h", jitter: 0.2 };

/** The delay before the next run. `random` is between 0 and 1. */
export function backoffMs(backoff: Backoff, attempts: number, random: number): number {
  const base = toMs(backoff.delay, "backoff.delay");
  const grown = backoff.type === "fixed" ? base : base * 2 ** Math.min(attempts - 1, 60);
  const max = backoff.type === "fixed" ? Number.POSITIVE_INFINITY : toMs(backoff.max ?? "1h", "backoff.max");
  const spread = 1 + (backoff.jitter ?? 0) * (2 * random - 1);
  return Math.round(Math.min(grown, max) * spread);
}

/** @throws `GANGER_OPTION_INVALID` or `GANGER_DURATION_INVALID` when a backoff cannot be used. */
export function assertBackoff(backoff: Backoff): void {
  const { type, delay, jitter = 0 } = backoff;
  if (type !== "fixed" && type !== "exponential") {
    throw new GangerError("GANGER_OPTION_INVALID", `backoff.type is ${JSON.stringify(type)}`, {
      hint: 'Use "fixed", "exponential", or a function in the job definition.',
    });
  }
  toMs(delay, "backoff.delay");
  if (backoff.type === "exponential" && backoff.max !== undefined) toMs(backoff.max, "backoff.max");
  if (jitter >= 0 && jitter <= 1) return;
  throw new GangerError("GANGER_OPTION_INVALID", `backoff.jitter is ${jitter}`, {
    hint: "Give a share between 0 and 1.",
  });
}
