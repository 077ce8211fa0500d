/**
 * Keeps a group whose workers fail at start from eating the host: after some
 * failures in a row without one that came up, one worker at a time is tried, ever
 * more slowly.
 *
 *             failed                    ready     admits
 *   closed    closed, then open         closed    always
 *   open      open, for longer          closed    when its time has come
 *
 * Pure: time comes in.
 */
export type Breaker =
  | { readonly state: "closed"; readonly failures: number }
  | { readonly state: "open"; readonly failures: number; readonly until: number };

export const CLOSED: Breaker = { state: "closed", failures: 0 };

export interface BreakerTiming {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Failures in a row that open it. */
export const BREAKER_LIMIT = 4;

/** At most a 25th of the time goes by in failing starts: 4 % of a core, if they take all of one. */
const REST_FACTOR = 25;
/** A start that hangs for a minute need not cost one of processor time: it is tried again this soon at least. */
const MAX_REST_MS = 300_000;

/** A worker ended before it was ready, `tookMs` after it was spawned. */
export function afterFailure(
  breaker: Breaker,
  { now, tookMs, timing }: { readonly now: number; readonly tookMs: number; readonly timing: BreakerTiming },
): Breaker {
  const failures = breaker.failures + 1;
  if (failures < BREAKER_LIMIT) return { state: "closed", failures };
  const { minMs, maxMs } = timing;
  const backoffMs = Math.min(minMs * 2 ** Math.min(failures - BREAKER_LIMIT, 30), maxMs);
  return {
    state: "open",
    failures,
    until: now + Math.max(backoffMs, Math.min(tookMs * REST_FACTOR, MAX_REST_MS)),
  };
}

/** Whether another worker may be started, given how many are starting. */
export function admits(breaker: Breaker, now: number, starting: number): boolean {
  return breaker.state === "closed" || (starting === 0 && now >= breaker.until);
}
