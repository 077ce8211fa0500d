import { type Duration, toMs } from "../job/duration.ts";
import type { Runs } from "./runs.ts";

export interface DrainOptions {
  /** How long running jobs may take to end by themselves. @default for ever */
  readonly timeout?: Duration | undefined;
  /** How long aborted jobs may take to clean up. @default "5s" */
  readonly grace?: Duration | undefined;
}

export interface DrainReport {
  /** Runs that did not end in time and went back as interrupted. */
  readonly abandoned: number;
}

/** Waits until nothing runs any more, and sees to it when there is a time-out. */
export async function drainRuns(runs: Runs, { timeout, grace = "5s" }: DrainOptions): Promise<DrainReport> {
  const start = performance.now();
  const timeoutMs = timeout === undefined ? Number.POSITIVE_INFINITY : toMs(timeout, "timeout");
  const graceMs = toMs(grace, "grace");
  let isAborted = false;
  while (runs.size > 0) {
    const elapsedMs = performance.now() - start;
    if (elapsedMs >= timeoutMs && !isAborted) {
      isAborted = true;
      runs.abort(`The worker stops, and the job did not end within ${timeoutMs} ms`);
    }
    if (elapsedMs >= timeoutMs + graceMs) {
      runs.abandon();
      break;
    }
    await runs.change(isAborted ? timeoutMs + graceMs - elapsedMs : timeoutMs - elapsedMs);
  }
  return { abandoned: runs.abandoned };
}
