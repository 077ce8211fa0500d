import { MAX_TIMER_MS } from "../../util/timers.ts";
import type { JobRun } from "./job-run.ts";
import { Interruption } from "./outcome.ts";

/**
 * Ends runs that take too long: first by their signal, then, `grace` later, by
 * giving them up. One timer for all runs, set to the nearest deadline.
 */
export class Deadlines {
  readonly #giveUp: (run: JobRun) => void;
  readonly #deadlines = new Map<JobRun, number>();
  #timer: NodeJS.Timeout | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(giveUp: (run: JobRun) => void) {
    this.#giveUp = giveUp;
  }

  add(run: JobRun, timeoutMs: number): void {
    this.#set(run, run.startedAt + timeoutMs);
  }

  /** Gives the run up after so long, whether it was aborted or not. */
  expire(run: JobRun, graceMs: number): void {
    this.#set(run, performance.now() + graceMs);
  }

  delete(run: JobRun): void {
    this.#deadlines.delete(run);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#deadlines.clear();
  }

  #set(run: JobRun, deadline: number): void {
    this.#deadlines.set(run, deadline);
    if (deadline >= this.#firesAt) return;
    this.#firesAt = deadline;
    clearTimeout(this.#timer);
    // A timer may fire a millisecond early.
    const delayMs = Math.max(1, Math.ceil(deadline - performance.now()));
    this.#timer = setTimeout(() => this.#fire(), Math.min(delayMs, MAX_TIMER_MS));
  }

  #fire(): void {
    this.#firesAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    for (const [run, deadline] of Array.from(this.#deadlines)) {
      if (deadline > now) {
        this.#set(run, deadline);
      } else if (run.abortReason === undefined) {
        run.abort(new Interruption("timeout", `The run took longer than ${run.timeoutMs} ms`));
        this.#set(run, now + run.definition.graceMs);
      } else {
        this.#deadlines.delete(run);
        this.#giveUp(run);
      }
    }
  }
}
