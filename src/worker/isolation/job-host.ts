import type { Claim, Outcome } from "../../broker/claim.ts";
import type { JobHooks } from "../../job/hooks.ts";
import type { JobRegistry } from "../../job/registry.ts";
import { type Executor, runInline } from "../run/executor.ts";
import { JobRun } from "../run/job-run.ts";
import { Interruption, toUnknown } from "../run/outcome.ts";
import { withHooks } from "../run-hooks.ts";
import { type FromHost, type HostBroker, markOf, type ToHost } from "./messages.ts";
import { RemoteCompleter } from "./remote-completer.ts";

export interface JobHostOptions {
  readonly jobs: JobRegistry;
  readonly hooks?: JobHooks | undefined;
  readonly send: (message: FromHost) => void;
  /** Writes a mark behind everything that was printed so far, and resolves when it is out. */
  readonly mark: (mark: string) => Promise<void>;
}

/** Runs jobs for a worker, one at a time, in a process or a thread that is not the worker's. */
export class JobHost {
  readonly #options: JobHostOptions;
  readonly #execute: Executor;
  readonly #completer = new RemoteCompleter();
  #run: JobRun | undefined;

  constructor(options: JobHostOptions) {
    this.#options = options;
    this.#execute = options.hooks === undefined ? runInline : withHooks(runInline, options.hooks);
  }

  obey(message: ToHost): void {
    if (message.type === "run") this.#start(message.claim, message.broker);
    if (message.type === "abort" && message.token === this.#run?.claim.token)
      this.#run.abort(new Interruption(message.kind, message.message));
  }

  /** Nobody will hear what becomes of the run, and another worker may have it soon. Resolves when it may be ended. */
  async orphaned(): Promise<void> {
    const run = this.#run;
    if (run === undefined) return;
    run.abort(new Interruption("lost", "The worker of this job is gone"));
    await new Promise((resolve) => setTimeout(resolve, run.definition.graceMs));
  }

  #start(claim: Claim, broker: HostBroker): void {
    const definition = this.#options.jobs.find(claim.name);
    if (definition === undefined) return void this.#settle(claim, toUnknown(claim));
    const { token } = claim;
    const complete = this.#completer.for(broker);
    this.#run = new JobRun(claim, definition, 0, {
      noted: (_, note) => this.#options.send({ type: "noted", token, ...note }),
      completeIn: async (...what) => {
        const isHeld = await complete(...what);
        // Told before the transaction can be committed: whatever ends this process then, the worker knows of it.
        if (isHeld) this.#options.send({ type: "transacted", token });
        return isHeld;
      },
    });
    this.#execute(this.#run, (_, outcome) => void this.#settle(claim, outcome));
  }

  async #settle(claim: Claim, outcome: Outcome): Promise<void> {
    if (this.#run !== undefined) this.#run.isSettled = true;
    await this.#options.mark(markOf(claim));
    this.#run = undefined;
    this.#options.send({ type: "done", token: claim.token, outcome });
  }
}
