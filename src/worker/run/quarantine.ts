import type { Claim } from "../../broker/claim.ts";
import type { JobRun } from "./job-run.ts";

/**
 * Runs jobs that a process died under by themselves, so that of several that
 * ran together only the guilty one is counted again.
 *
 * A suspect waits for other jobs to end, a second at most, and for another
 * suspect half a minute; other jobs wait for a suspect a second at most. What
 * is slower than that runs side by side, for nothing may wait for ever.
 */
export class Quarantine {
  #suspect: JobRun | undefined;
  #waitingSince: number | undefined;

  /** Whether this job may start beside so many that run. */
  admits({ crashes }: Claim, running: number, now: number): boolean {
    const suspect = this.#suspect?.isSettled === false ? this.#suspect : undefined;
    if (crashes === 0) return suspect === undefined || now - suspect.startedAt >= ALONE_MS;
    if (running === 0) return true;
    this.#waitingSince ??= now;
    return now - this.#waitingSince >= (suspect === undefined ? ALONE_MS : APART_MS);
  }

  started(run: JobRun): void {
    if (run.crashes === 0) return;
    this.#suspect = run;
    this.#waitingSince = undefined;
  }

  /** What waited is held no more. */
  leave(): void {
    this.#waitingSince = undefined;
  }

  /** Whether somebody is made to wait here, and not by slow jobs alone. */
  get isWaiting(): boolean {
    return this.#waitingSince !== undefined;
  }
}

const ALONE_MS = 1000;
const APART_MS = 30_000;
