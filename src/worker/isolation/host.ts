import type { Outcome } from "../../broker/claim.ts";
import { GangerError } from "../../errors.ts";
import { MAX_TIMER_MS } from "../../util/timers.ts";
import type { JobRun } from "../run/job-run.ts";
import { Interruption, toFailure, toUnstarted } from "../run/outcome.ts";
import { Capture } from "./capture.ts";
import { type FromHost, type HostBroker, markOf } from "./messages.ts";
import { type Launch, launchSafely, type Transport } from "./transport.ts";

export interface HostOptions {
  readonly launch: Launch;
  /** Whose jobs it runs. */
  readonly broker: HostBroker;
  /** How long it may take until it is ready; beyond that it is killed. @default 60000 */
  readonly bootMs?: number | undefined;
}

export interface HostListener {
  /** It can take another run. */
  readonly onFree: (host: Host) => void;
  readonly onGone: (host: Host) => void;
}

interface Assignment {
  readonly run: JobRun;
  readonly settle: (outcome: Outcome) => void;
}

/** What a worker knows of one process or thread that runs jobs for it, one at a time. */
export class Host {
  readonly #transport: Transport;
  readonly #broker: HostBroker;
  readonly #listener: HostListener;
  readonly #capture = new Capture();
  #assignment: Assignment | undefined;
  #isReady = false;
  #failure: string | undefined;
  #excess: string | undefined;
  #deadline: NodeJS.Timeout | undefined;
  /** Runs that it was given. */
  taken = 0;

  constructor({ launch, broker, bootMs = BOOT_MS }: HostOptions, listener: HostListener) {
    this.#broker = broker;
    this.#listener = listener;
    this.#transport = launchSafely(launch, {
      onMessage: (message) => this.#receive(message),
      onOutput: (stream, text) => this.#capture.feed(stream, text),
      onExit: (how) => this.#exited(how),
    });
    this.#killAfter(bootMs, () => {
      if (this.#isReady) return false;
      this.#failure ??= `it was not ready within ${bootMs} ms`;
      return true;
    });
  }

  get pid(): number | undefined {
    return this.#transport.pid;
  }

  get isBusy(): boolean {
    return this.#assignment !== undefined;
  }

  /** Calls `settle` once, whatever becomes of the host. */
  run(run: JobRun, settle: (outcome: Outcome) => void): void {
    this.taken++;
    this.#assignment = { run, settle };
    this.#capture.begin(markOf(run.claim), (line) => run.log(line));
    run.remote = { abort: (reason) => this.#abort(run, reason), kill: () => this.#transport.kill() };
    this.#transport.send({ type: "run", claim: run.claim, broker: this.#broker });
  }

  /** It holds more memory than its run may have. */
  exceed(detail: string): void {
    this.#excess = detail;
    this.#transport.kill();
  }

  /** Lets it go. What a run has left in it may keep it from going: then it is killed. */
  end(): void {
    this.#transport.end();
    this.#killAfter(END_MS, () => true);
  }

  kill(): void {
    this.#transport.kill();
  }

  /** Unless it is gone before. What it said while this process was busy is heard first. */
  #killAfter(ms: number, isWanted: () => boolean): void {
    clearTimeout(this.#deadline);
    const look = () => setImmediate(() => isWanted() && this.#transport.kill());
    this.#deadline = setTimeout(look, Math.min(ms, MAX_TIMER_MS)).unref();
  }

  #abort({ claim }: JobRun, reason: Error): void {
    const kind = reason instanceof Interruption ? reason.kind : "stopping";
    this.#transport.send({ type: "abort", token: claim.token, kind, message: reason.message });
  }

  #receive(message: FromHost): void {
    const { run } = this.#assignment ?? {};
    switch (message.type) {
      case "ready":
        this.#isReady = true;
        return;
      case "failed":
        this.#failure = message.failure.message;
        return;
      case "noted":
        if (run?.claim.token !== message.token) return;
        if (message.progress !== undefined) run.progress(message.progress);
        if (message.line !== undefined) run.log(message.line);
        return;
      case "transacted":
        if (run?.claim.token === message.token) run.hasCompletedIn = true;
        return;
      case "done":
        if (run?.claim.token === message.token) void this.#done(run, message.outcome);
    }
  }

  async #done(run: JobRun, outcome: Outcome): Promise<void> {
    // It stands from now on, should the run be given up or the host die.
    run.verdict = outcome;
    await this.#capture.ended();
    if (this.#assignment?.run === run) this.#settle(outcome);
  }

  #settle(outcome: Outcome): void {
    const settle = this.#assignment?.settle;
    this.#assignment = undefined;
    settle?.(outcome);
    this.#listener.onFree(this);
  }

  #exited(how: string | undefined): void {
    clearTimeout(this.#deadline);
    this.#capture.close();
    const { run, settle } = this.#assignment ?? {};
    this.#assignment = undefined;
    this.#listener.onGone(this);
    if (run !== undefined) settle?.(run.verdict ?? this.#endOf(run, how));
  }

  /** The outcome of a run whose host ended before it answered. */
  #endOf(run: JobRun, how: string | undefined): Outcome {
    if (!this.#isReady) return toUnstarted(run.claim, this.#notStarted(how));
    if (run.abortReason !== undefined) return toFailure(run, run.abortReason);
    const { id, token } = run.claim;
    const { lastWords } = this.#capture;
    const said = lastWords === "" ? "" : `: ${lastWords}`;
    const detail = this.#excess ?? how ?? "without an answer";
    return { id, token, kind: "crashed", detail: `${detail}${said}`.slice(0, MAX_DETAIL) };
  }

  #notStarted(how: string | undefined): GangerError {
    const why = this.#failure ?? `it ended ${how ?? "before it was ready"}`;
    return new GangerError("GANGER_ISOLATION_FAILED", `What was to run the job could not start: ${why}`, {
      hint: "The job has not run, and is tried again. Mend what is named, or reload the application.",
    });
  }
}

const MAX_DETAIL = 500;
const BOOT_MS = 60_000;
const END_MS = 5000;
