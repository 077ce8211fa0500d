import { existsSync } from "node:fs";
import { startTimeOf, stateOf } from "../../util/proc-stat.ts";

/** One process for good: pids are given out again, start times are not. */
export interface ProcessId {
  readonly pid: number;
  /** As `startTimeOf` says; `undefined` where there is no /proc. */
  readonly start: number | undefined;
}

/** Whether this very process still runs. One that has ended and was not waited for does not. */
export function isAlive({ pid, start }: ProcessId): boolean {
  const now = startTimeOf(pid);
  if (now !== undefined) return (start === undefined || now === start) && !hasEnded(pid);
  return !existsSync("/proc/self/stat") && probe(pid) !== "ESRCH";
}

/** It has a pid still, but only until its parent takes note. */
export function hasEnded(pid: number): boolean {
  const state = stateOf(pid);
  return state === "Z" || state === "X";
}

/** The reason why a process cannot be sent a signal, if there is one. */
export function probe(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
    return undefined;
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : String(error);
  }
}
