import type { Broker } from "../broker/broker.ts";
import type { Claim, Outcome } from "../broker/claim.ts";
import { Ledger, ledgerDirectory } from "../ipc/ledger.ts";
import { type AnyJob, JobRegistry } from "../job/registry.ts";
import { Announcer } from "../telemetry/events.ts";
import { announceOutcome } from "./announce.ts";
import { type DrainOptions, type DrainReport, drainRuns } from "./drain.ts";
import { Exchange } from "./exchange.ts";
import { Intake } from "./intake.ts";
import type { JobRun } from "./job-run.ts";
import { type Keeper, startKeeper } from "./keeper.ts";
import { type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from "./options.ts";
import { toUnknown } from "./outcome.ts";
import { Quarantine } from "./quarantine.ts";
import { Runs } from "./runs.ts";

type Phase = "new" | "working" | "paused" | "draining" | "stopped";

/**
 * Claims jobs, runs them and reports what became of them, until it is drained.
 * The same class serves a process of one's own and a pool.
 *
 * @example
 * ```ts
 * const client = await connect("sqlite:./ganger.db");
 * await using worker = new Worker(client.broker, [receipt], { queues: "mail,*", concurrency: 5 });
 * await worker.start();
 * ```
 */
export class Worker implements AsyncDisposable {
  readonly events = new Announcer();
  /** The name under which it claims. */
  readonly holder: string;
  readonly #broker: Broker;
  readonly #registry: JobRegistry;
  readonly #options: ResolvedWorkerOptions;
  readonly #intake: Intake;
  readonly #exchange: Exchange;
  readonly #runs: Runs;
  readonly #quarantine = new Quarantine();
  #keeper: Promise<Keeper> | undefined;
  #subscription: AsyncDisposable | undefined;
  #phase: Phase = "new";
  #starting: Promise<void> | undefined;
  #isPumping = false;
  #lastMoveAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastPollAt = 0;
  #drained: Promise<DrainReport> | undefined;

  /** @throws `GANGER_JOB_DUPLICATE`, `GANGER_OPTION_INVALID`, `GANGER_QUEUE_INVALID` or `GANGER_FACET_MISSING`. */
  constructor(broker: Broker, jobs: Iterable<AnyJob> | JobRegistry, options: WorkerOptions = {}) {
    this.#broker = broker;
    this.#registry = jobs instanceof JobRegistry ? jobs : new JobRegistry(jobs);
    this.#options = resolveWorkerOptions(options);
    this.holder = this.#options.holder;
    this.#intake = new Intake(this.#options, broker.inspect);
    this.#runs = new Runs(this.#options.concurrency, broker.edit, (run, outcome) => this.#done(run, outcome));
    this.#runs.onAbandoned = ({ id, queue, name }) =>
      this.events.announce("job:abandoned", () => [{ id, queue, name }]);
    this.#exchange = new Exchange(broker, {
      next: () => this.#next(),
      claimed: (claims, request) => {
        this.#intake.claimed(claims, request);
        this.#pump();
      },
      settled: (outcome, counted) => {
        if (!counted) this.events.announce("job:lost", () => [{ id: outcome.id }]);
      },
      failed: (error) => this.events.announce("broker:lost", () => [{ error }]),
      recovered: () => this.events.announce("broker:recovered", () => []),
    });
  }

  /** Jobs that run now. */
  get running(): number {
    return this.#runs.size;
  }

  /** Announces itself to the broker and begins to claim. */
  async start(): Promise<void> {
    if (this.#phase !== "new" || this.#starting !== undefined)
      throw new TypeError("A worker is started once");
    this.#starting = this.#start();
    await this.#starting.finally(() => {
      this.#starting = undefined;
    });
  }

  async #start(): Promise<void> {
    const { list, ttlMs, heartbeat, concurrency, ledger = ledgerDirectory() } = this.#options;
    await this.#broker.heartbeat([{ holder: this.holder, queues: list.label }], ttlMs);
    if (ledger !== false) this.#runs.ledger = Ledger.open(ledger, this.holder, concurrency);
    if (heartbeat === "thread") await this.keepHeartbeat();
    this.#subscription = await this.#broker.wakeups?.subscribe(() => this.#wake());
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#phase = "working";
    this.#exchange.request();
  }

  /** Keeps its own heartbeat by a thread from now on, whoever kept it before. */
  async keepHeartbeat(): Promise<void> {
    const { list, ttlMs, heartbeat, ledger } = this.#options;
    const about = { holder: this.holder, queues: list.label, ttlMs };
    const kept = { ...about, prunes: heartbeat === "thread", ledger: ledger === false ? undefined : ledger };
    // The promise is kept, so that nobody who asks meanwhile starts another.
    this.#keeper ??= startKeeper(this.#broker, kept);
    await this.#keeper;
  }

  /** Leaves the heartbeat to somebody else again. */
  async leaveHeartbeat(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    await (await keeper)?.stop();
  }

  /** Starts nothing more, and gives back what it has not started. Running jobs go on. */
  pause(): void {
    if (this.#phase !== "working") return;
    this.#phase = "paused";
    this.#giveBack();
  }

  resume(): void {
    if (this.#phase !== "paused") return;
    this.#phase = "working";
    this.#wake();
  }

  /**
   * Takes nothing new, gives back what it has not started, and resolves when
   * what runs has ended and is on record. With `timeout`, runs that last longer are
   * aborted, and given up `grace` later: they go back without using an attempt.
   * Asked again, it goes by the shorter of the times.
   */
  drain(options: DrainOptions = {}): Promise<DrainReport> {
    const drained = this.#drained;
    if (drained !== undefined && options.timeout !== undefined) return this.#hasten(drained, options);
    this.#drained ??= this.#drain(options);
    return this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #hasten(drained: Promise<DrainReport>, options: DrainOptions): Promise<DrainReport> {
    await drainRuns(this.#runs, options);
    return drained;
  }

  async #drain(options: DrainOptions): Promise<DrainReport> {
    // A start that is under way would go on after the end.
    if (this.#starting !== undefined) await this.#starting.catch(() => undefined);
    const isStarted = this.#phase !== "new";
    this.#phase = "draining";
    this.#giveBack();
    const report = await drainRuns(this.#runs, options);
    clearInterval(this.#timer);
    await this.#subscription?.[Symbol.asyncDispose]();
    await this.#exchange.flush();
    this.#exchange.close();
    await this.leaveHeartbeat();
    // Nothing is held any more: should the broker not answer, the end of the heartbeat tells the rest.
    if (isStarted) await this.#farewell().catch(() => undefined);
    this.#runs.close();
    this.#phase = "stopped";
    return report;
  }

  async #farewell(): Promise<void> {
    await this.#broker.release(this.holder, { kind: "interrupted", started: [] });
  }

  async #next() {
    // Log lines and progress need the claim, which an outcome ends.
    if (!this.#runs.notes.isEmpty) await this.#runs.tell().catch(() => undefined);
    return this.#phase === "working" ? this.#intake.next(this.#runs.free) : undefined;
  }

  /** Starts what can be started, and asks for more when little is left. */
  #pump(): void {
    if (this.#isPumping) return;
    if (this.#phase !== "working") {
      if (this.#phase !== "new") this.#giveBack();
      return;
    }
    this.#isPumping = true;
    while (this.#runs.free > 0 && this.#startNext());
    this.#isPumping = false;
    if (this.#intake.wants(this.#runs.free)) this.#exchange.request();
  }

  /** False when there is none to start now. */
  #startNext(): boolean {
    const now = performance.now();
    const claim = this.#intake.take((next) => this.#quarantine.admits(next, this.#runs.size, now));
    if (claim === undefined) return false;
    this.#lastMoveAt = now;
    const { id, queue, name } = claim;
    const definition = this.#registry.find(name);
    if (definition === undefined) {
      this.#refuse(claim);
      return true;
    }
    this.events.announce("job:started", () => [{ id, queue, name }]);
    this.#quarantine.started(this.#runs.start(claim, definition));
    return true;
  }

  /** Nobody here knows how to run this job. */
  #refuse(claim: Claim): void {
    const { id, queue, name } = claim;
    const outcome = toUnknown(claim);
    this.#exchange.add(outcome);
    const event = outcome.kind === "failed" ? "job:failed" : "job:retried";
    this.events.announce(event, () => [{ id, queue, name, error: outcome.error }]);
  }

  #done(run: JobRun, outcome: Outcome): void {
    this.#intake.pace.observe(run.queue, performance.now() - run.startedAt);
    this.#exchange.add(outcome);
    announceOutcome(this.events, run, outcome);
    this.#pump();
    // The last one out: nothing will join this outcome, so that it need not wait.
    if (this.#runs.size === 0 && this.#intake.size === 0) this.#exchange.request();
  }

  #giveBack(): void {
    const claims = this.#intake.empty();
    this.#quarantine.leave();
    for (const { id, token } of claims) this.#exchange.add({ id, token, kind: "released", started: false });
    if (claims.length > 0) this.#exchange.request();
  }

  #wake(): void {
    this.#intake.wake();
    if (this.#phase === "working" && this.#intake.wants(this.#runs.free)) this.#exchange.request();
  }

  #tick(): void {
    const now = performance.now();
    if (this.#quarantine.isWaiting || this.#runs.free > 0) this.#pump();
    else if (this.#intake.size > 0 && now - this.#lastMoveAt > HOARD_MS) {
      // What was held for soon is stuck behind slow jobs: others may have a hand free.
      this.#intake.pace.reset();
      this.#giveBack();
    }
    if (this.#runs.size > 0) this.#runs.tell().catch(() => undefined);
    if (now - this.#lastPollAt < POLL_MS && this.#broker.wakeups !== undefined) return;
    this.#lastPollAt = now;
    this.#wake();
  }
}

const TICK_MS = 250;
const HOARD_MS = 200;
const POLL_MS = 1000;
