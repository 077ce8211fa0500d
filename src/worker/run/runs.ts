import type { Claim, Outcome } from "../../broker/claim.ts";
import type { Ledger } from "../../ipc/ledger.ts";
import type { AnyJob } from "../../job/registry.ts";
import { MAX_TIMER_MS } from "../../util/timers.ts";
import { Deadlines } from "./deadlines.ts";
import { type Executor, runInline } from "./executor.ts";
import { JobRun } from "./job-run.ts";
import { Notes, type RunBroker } from "./notes.ts";
import { Interruption, toFailure } from "./outcome.ts";

type Done = (run: JobRun, outcome: Outcome) => void;

/** The jobs that a worker is running, each in a slot of its own. */
export class Runs {
  readonly notes: Notes;
  readonly #execute: Executor;
  readonly #done: Done;
  readonly #deadlines: Deadlines;
  readonly #running = new Set<JobRun>();
  readonly #killed = new WeakSet<JobRun>();
  readonly #freeSlots: number[];
  readonly #waiting: (() => void)[] = [];
  readonly #finish = (run: JobRun, outcome: Outcome): void => this.#end(run, outcome);
  ledger: Ledger | undefined;
  /** Runs that were given up because the worker had to stop. */
  abandoned = 0;
  /** Runs that ended. */
  done = 0;

  /** Called when a run has ended, before another is started in its place. */
  onEnded: ((run: JobRun) => void) | undefined;

  /** Called for a run that was given up, though it goes on. */
  onAbandoned: (run: JobRun) => void = () => undefined;

  constructor(concurrency: number, broker: RunBroker, done: Done, execute: Executor = runInline) {
    this.notes = new Notes(broker);
    this.#execute = execute;
    this.#done = done;
    this.#freeSlots = Array.from({ length: concurrency }, (_, slot) => slot);
    this.#deadlines = new Deadlines((run) => this.#giveUp(run));
  }

  get size(): number {
    return this.#running.size;
  }

  get free(): number {
    return this.#freeSlots.length;
  }

  /** Those that run, the oldest first. */
  [Symbol.iterator](): Iterator<JobRun> {
    return this.#running.values();
  }

  /** Starts a job in a slot of its own, on record before its first instruction. */
  start(claim: Claim, definition: AnyJob): JobRun {
    const slot = this.#freeSlots.pop() ?? 0;
    const run = new JobRun(claim, definition, slot, this.notes);
    this.#running.add(run);
    if (run.timeoutMs !== undefined) this.#deadlines.add(run, run.timeoutMs);
    this.ledger?.mark(slot, claim.id);
    this.ledger?.flush();
    this.#execute(run, this.#finish);
    return run;
  }

  /** Asks every run to end, for the worker must. */
  abort(message: string): void {
    for (const run of this.#running) run.abort(new Interruption("stopping", message));
  }

  /** Ends every run as a failed attempt, by its signal, or else by giving it up after its grace. */
  cut(message: string): void {
    for (const run of Array.from(this.#running)) {
      if (run.abortReason !== undefined) continue;
      run.abort(new Interruption("cut", message));
      this.#deadlines.expire(run, run.definition.graceMs);
    }
  }

  /** Gives up what still runs: it is reported as interrupted, and whatever it does later counts for nothing. */
  abandon(): void {
    for (const run of this.#running) {
      this.abandoned++;
      const { id, token } = run.claim;
      run.verdict ??= { id, token, kind: "released", started: true };
      if (run.remote === undefined) this.#end(run, run.verdict);
      else run.remote.kill();
    }
  }

  /** Writes progress and log lines, and ends the runs whose claims are lost. */
  async tell(): Promise<void> {
    const since = performance.now() - ASK_AFTER_MS;
    const asked = [...this.#running].filter((run) => run.startedAt < since);
    for (const run of await this.notes.flush(asked)) {
      // One that was completed in a transaction holds no claim from the commit on, and may go on for a while.
      if (run.abortReason !== undefined || run.hasCompletedIn) continue;
      run.abort(
        new Interruption("lost", "The claim was lost: the job was cancelled, or given to another worker"),
      );
      // It may run elsewhere by now; where it can be ended without harm to others, it is.
      if (run.remote !== undefined) this.#deadlines.expire(run, run.definition.graceMs);
    }
  }

  /** Resolves when a run has ended, or after so long. */
  change(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(withinMs)
        ? setTimeout(resolve, Math.min(withinMs, MAX_TIMER_MS))
        : undefined;
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  close(): void {
    this.#deadlines.close();
    this.ledger?.[Symbol.dispose]();
  }

  /** It went on after its signal and its grace. */
  #giveUp(run: JobRun): void {
    run.verdict ??= toFailure(run, run.abortReason);
    // What is killed leaves nothing behind: its end settles the run. A thread that waits in native code does not end.
    if (run.remote !== undefined && !this.#killed.has(run)) {
      this.#killed.add(run);
      run.remote.kill();
      return this.#deadlines.expire(run, KILLED_MS);
    }
    this.#end(run, run.verdict);
    this.onAbandoned(run);
  }

  #end(run: JobRun, outcome: Outcome): void {
    if (run.isSettled) return;
    run.isSettled = true;
    this.#running.delete(run);
    this.#freeSlots.push(run.slot);
    if (run.timeoutMs !== undefined || run.abortReason !== undefined) this.#deadlines.delete(run);
    this.done++;
    this.onEnded?.(run);
    this.#done(run, outcome);
    if (this.#waiting.length > 0) for (const wake of this.#waiting.splice(0)) wake();
  }
}

const ASK_AFTER_MS = 400;
/** How long what was killed has until it is gone. */
const KILLED_MS = 5000;
