import type { SlotTiming } from "./slot.ts";

/** At once after the first failure, then after 100 ms, 200 ms, … up to 30 s. */
function delayMs(failures: number): number {
  return failures <= 1 ? 0 : Math.min(100 * 2 ** (failures - 2), 30_000);
}

/** What a worker may take after `stop`: its jobs are aborted then and have 5 s, and its last words 1 s. */
const AFTER_STOP_MS = 6000;

export function workerTiming(stopMs: number): SlotTiming {
  return { bootMs: 60_000, drainMs: stopMs + AFTER_STOP_MS, stableMs: 10_000, delayMs };
}

/** Soon again, however often it dies: until it is back nobody gives back the jobs of dead workers. */
export const COORDINATOR_TIMING: SlotTiming = {
  bootMs: 60_000,
  drainMs: 5000,
  stableMs: 10_000,
  delayMs: (failures) => Math.min(delayMs(failures), 1000),
};
