import type { ResolvedConfig, WorkerGroup } from "../../config/resolved.ts";
import type { BreakerTiming } from "./breaker.ts";
import type { SlotTiming } from "./slot.ts";

/** At once after the first failure, then after the delay, twice of it, … up to the bound. */
function backoff(delayMs: number, maxMs: number): (failures: number) => number {
  return (failures) => (failures <= 1 ? 0 : Math.min(delayMs * 2 ** Math.min(failures - 2, 30), maxMs));
}

/** What a worker may take beyond the time that it was given, to report what it was told in time. */
const SLACK_MS = 500;
const TERM_MS = 2000;

export function workerTiming(
  { bootMs, restart }: Pick<ResolvedConfig, "bootMs" | "restart">,
  { stopMs, graceMs, exec }: Pick<WorkerGroup, "stopMs" | "graceMs" | "exec">,
): SlotTiming {
  return {
    bootMs,
    drainMs: stopMs + (exec === undefined ? SLACK_MS : 0),
    graceMs: graceMs + (exec === undefined ? SLACK_MS : 0),
    termMs: TERM_MS,
    stableMs: restart.stableMs,
    delayMs: backoff(restart.delayMs, restart.maxMs),
  };
}

/** A list whose workers fail at start is tried ever more slowly: from 5 s to a minute, by the defaults of `restart`. */
export function breakerTiming({ delayMs, maxMs }: ResolvedConfig["restart"]): BreakerTiming {
  return { minMs: Math.min(delayMs * 50, maxMs * 2), maxMs: maxMs * 2 };
}

/** Soon again, however often it dies: until it is back nobody gives back the jobs of dead workers. */
export const COORDINATOR_TIMING: SlotTiming = {
  bootMs: 60_000,
  drainMs: 5000,
  graceMs: 1000,
  termMs: 1000,
  stableMs: 10_000,
  delayMs: backoff(100, 1000),
};
