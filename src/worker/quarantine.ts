import type { Claim } from "../broker/claim.ts";
import type { JobRun } from "./job-run.ts";

/**
 * Runs jobs that a process died under by themselves, so that of several that
 * ran together only the guilty one is counted again.
 *
 * For a second at most, both ways: a suspect waits so long for the others to
 * end, and the others wait so long for it; then they run side by side.
 */
export class Quarantine {
  #suspect: JobRun | undefined;
  #waitingSince: number | undefined;

  /** Whether this job may start beside so many that run. */
  admits({ crashes }: Claim, running: number, now: number): boolean {
    const suspect = this.#suspect;
    if (suspect !== undefined && !suspect.isSettled && now - suspect.startedAt < ALONE_MS) return false;
    if (crashes === 0 || running === 0) return true;
    this.#waitingSince ??= now;
    return now - this.#waitingSince >= ALONE_MS;
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
