import { type Duration, toMs } from "../job/duration.ts";
import { MAX_TIMER_MS } from "../util/timers.ts";
import type { Runs } from "./run/runs.ts";

export interface DrainOptions {
  /** How long running jobs may take to end by themselves. @default for ever */
  readonly timeout?: Duration | undefined;
  /** How long aborted jobs may take to clean up. @default "5s" */
  readonly grace?: Duration | undefined;
}

export interface DrainReport {
  /** Runs that did not end in time and went back as interrupted. */
  readonly abandoned: number;
  /** Outcomes that the broker did not take in time, if any: these jobs will run again. */
  readonly unreported?: number | undefined;
}

export interface DrainTimes {
  readonly timeoutMs: number;
  readonly graceMs: number;
}

/** @throws `GANGER_DURATION_INVALID`. */
export function resolveDrain({ timeout, grace = "5s" }: DrainOptions): DrainTimes {
  const timeoutMs = timeout === undefined ? Number.POSITIVE_INFINITY : toMs(timeout, "timeout");
  return { timeoutMs, graceMs: toMs(grace, "grace") };
}

/** Waits until nothing runs any more, and sees to it when there is a time-out. */
export async function drainRuns(runs: Runs, { timeoutMs, graceMs }: DrainTimes): Promise<void> {
  const start = performance.now();
  let isAborted = false;
  while (runs.size > 0) {
    const elapsedMs = performance.now() - start;
    if (elapsedMs >= timeoutMs && !isAborted) {
      isAborted = true;
      runs.abort(`The worker stops, and the job did not end within ${timeoutMs} ms`);
    }
    if (elapsedMs >= timeoutMs + graceMs) return giveUp(runs);
    await runs.change(isAborted ? timeoutMs + graceMs - elapsedMs : timeoutMs - elapsedMs);
  }
}

/** Runs elsewhere are killed, and are settled when what ran them is gone. */
async function giveUp(runs: Runs): Promise<void> {
  runs.abandon();
  const until = performance.now() + KILLED_MS;
  while (runs.size > 0 && performance.now() < until) await runs.change(until - performance.now());
}

const KILLED_MS = 2000;

/** The latest end of a drain. It may be brought forward, never put off. */
export class Finish {
  readonly #passed: Promise<void>;
  #pass: () => void = () => undefined;
  #at = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#passed = new Promise((resolve) => {
      this.#pass = resolve;
    });
  }

  /** Comes when the drain's times are over, and the broker had some seconds more. */
  bring({ timeoutMs, graceMs }: DrainTimes): void {
    const inMs = timeoutMs + graceMs + FAREWELL_MS;
    const at = performance.now() + inMs;
    if (at >= this.#at) return;
    this.#at = at;
    clearTimeout(this.#timer);
    if (inMs <= MAX_TIMER_MS) this.#timer = setTimeout(this.#pass, inMs);
  }

  /** Resolves with whether something was done before. What it fails with does not matter any more. */
  async allows(work: Promise<unknown>): Promise<boolean> {
    const done = work.then(
      () => true,
      () => true,
    );
    return Promise.race([done, this.#passed.then(() => false)]);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

const FAREWELL_MS = 5000;
