import type { Claim, Outcome } from "../../broker/claim.ts";
import { MAX_LOG_LINE_LENGTH } from "../../broker/edit.ts";
import type { JobContext } from "../../job/context.ts";
import type { JobOverrides } from "../../job/overrides.ts";
import type { AnyJob } from "../../job/registry.ts";
import { type CompleteIn, lost } from "./complete-in.ts";
import { toCompleted } from "./outcome.ts";

/** What a run tells its worker. */
export interface RunListener {
  noted(run: JobRun, note: { readonly progress?: number; readonly line?: string }): void;
  /** Settles a claim inside a transaction of the user's; false when it was lost. */
  readonly completeIn: CompleteIn;
}

/** A run in another process or thread. */
export interface RemoteRun {
  /** Has its signal aborted. */
  abort(reason: Error): void;
  /** Ends what runs it, at once; it is settled when that is gone. */
  kill(): void;
}

/** One run of one job, and the context that `perform` is handed. What few jobs use is made when it is asked for. */
export class JobRun implements JobContext {
  readonly claim: Claim;
  readonly definition: AnyJob;
  readonly overrides: JobOverrides;
  readonly slot: number;
  readonly startedAt: number;
  /** Set by the first outcome; what comes after it is not reported. */
  isSettled = false;
  /** The payload fits, and the job's own code was called. */
  hasBegun = false;
  /** It was completed in a transaction of the user's, which may have been committed or not. */
  hasCompletedIn = false;
  /** What it threw, as it is. */
  thrown: unknown;
  /** What `perform` came to, while a hook after it still runs: it stands, should the hook never end. */
  verdict: Outcome | undefined;
  /** Where it runs, unless that is here. */
  remote: RemoteRun | undefined;
  readonly #listener: RunListener;
  #controller: AbortController | undefined;
  #reason: Error | undefined;
  #progress: JobContext["progress"] | undefined;
  #log: JobContext["log"] | undefined;

  constructor(claim: Claim, definition: AnyJob, slot: number, listener: RunListener) {
    this.claim = claim;
    this.definition = definition;
    this.overrides = claim.options === undefined ? NO_OVERRIDES : parseOverrides(claim.options);
    this.slot = slot;
    this.startedAt = performance.now();
    this.#listener = listener;
  }

  get id(): string {
    return this.claim.id;
  }
  get queue(): string {
    return this.claim.queue;
  }
  get name(): string {
    return this.claim.name;
  }
  get priority(): number {
    return this.claim.priority;
  }
  get attempt(): number {
    return this.claim.attempts + 1;
  }
  get attempts(): number {
    return this.overrides.attempts ?? this.definition.attempts;
  }
  get interruptions(): number {
    return this.claim.interruptions;
  }
  get crashes(): number {
    return this.claim.crashes;
  }
  get enqueuedAt(): Date {
    return new Date(this.claim.enqueuedAtMs);
  }
  get timeoutMs(): number | undefined {
    return this.overrides.timeoutMs ?? this.definition.timeoutMs;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason !== undefined && !this.#controller.signal.aborted) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Why the run was asked to end, if it was. */
  get abortReason(): Error | undefined {
    return this.#reason;
  }

  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.remote?.abort(reason);
  }

  // What a job may take out of its context, as `perform(payload, { log })` does, is bound to the run when it is asked for.

  get progress(): JobContext["progress"] {
    this.#progress ??= (done) => {
      if (this.isSettled || !Number.isFinite(done)) return;
      this.#listener.noted(this, { progress: Math.min(1, Math.max(0, done)) });
    };
    return this.#progress;
  }

  get log(): JobContext["log"] {
    this.#log ??= (line) => {
      if (!this.isSettled) this.#listener.noted(this, { line: toLine(line).slice(0, MAX_LOG_LINE_LENGTH) });
    };
    return this.#log;
  }

  get completeIn(): JobContext["completeIn"] {
    return (transaction, result) => this.#completeIn(transaction, result);
  }

  async #completeIn(transaction: object, result: unknown): Promise<void> {
    if (this.isSettled) throw lost(this.id, "its run was given up");
    const outcome = toCompleted(this, result);
    const held = await this.#listener.completeIn(this, transaction, outcome);
    if (!held) throw lost(this.id, "it was cancelled, given to another worker, or completed before");
    this.hasCompletedIn = true;
  }
}

/** Whatever a job hands to `log`: the compiler does not see all callers. */
function toLine(line: unknown): string {
  if (typeof line === "string") return line;
  try {
    return JSON.stringify(line) ?? typeof line;
  } catch {
    return typeof line;
  }
}

const NO_OVERRIDES: JobOverrides = {};

/** Options are written by `client/new-job.ts`; what another program wrote there is not worth a job. */
function parseOverrides(text: string): JobOverrides {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : NO_OVERRIDES;
  } catch {
    return NO_OVERRIDES;
  }
}
