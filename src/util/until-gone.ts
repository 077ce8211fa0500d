import { setTimeout as delay } from "node:timers/promises";
import { startTimeOf, stateOf } from "./proc-stat.ts";

/** Whether this very process runs: its pid may be another's by now. One that only waits for its parent does not run. */
export function isRunning(pid: number, start: number | undefined): boolean {
  const state = stateOf(pid);
  return state !== undefined && state !== "Z" && state !== "X" && startTimeOf(pid) === start;
}

/** Resolves when a process is gone that is no child of ours, so that nobody tells. Only where there is /proc. */
export async function untilGone(pid: number, start: number | undefined): Promise<void> {
  while (isRunning(pid, start)) await delay(LOOK_MS);
}

const LOOK_MS = 50;
