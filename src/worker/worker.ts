import type { Broker } from "../broker/broker.ts";
import type { Claim, ClaimRequest, Outcome } from "../broker/claim.ts";
import { Ledger, ledgerDirectory } from "../ipc/ledger.ts";
import type { WorkerStatus } from "../ipc/messages.ts";
import { QueueList, type QueueOrder } from "../job/queue-list.ts";
import { type AnyJob, JobRegistry } from "../job/registry.ts";
import { Announcer } from "../telemetry/events.ts";
import type { MaybePromise } from "../util/maybe-promise.ts";
import { Exchange } from "./claim/exchange.ts";
import { Intake } from "./claim/intake.ts";
import {
  type DrainOptions,
  type DrainReport,
  type DrainTimes,
  drainRuns,
  Finish,
  resolveDrain,
} from "./drain.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Executors } from "./isolation/executors.ts";
import { type ResolvedWorkerOptions, resolveWorkerOptions, type WorkerOptions } from "./options.ts";
import { announceOutcome } from "./run/announce.ts";
import { runInline } from "./run/executor.ts";
import type { JobRun } from "./run/job-run.ts";
import { toUnknown } from "./run/outcome.ts";
import { Quarantine } from "./run/quarantine.ts";
import { Runs } from "./run/runs.ts";
import { Transacted } from "./run/transacted.ts";
import { withHooks } from "./run-hooks.ts";
import { warnOfStore } from "./warn-of-store.ts";

type WorkerState = WorkerStatus["state"];
type Phase = "new" | "working" | "draining" | "stopped";

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
  /** @internal */
  readonly runs: Runs;
  /** Called four times a second. @internal */
  onTick: () => void = () => undefined;
  readonly #broker: Broker;
  readonly #registry: JobRegistry;
  readonly #options: ResolvedWorkerOptions;
  readonly #intake: Intake;
  readonly #exchange: Exchange;
  readonly #quarantine = new Quarantine();
  readonly #heartbeat: Heartbeat;
  readonly #executors: Executors;
  readonly #finish = new Finish();
  readonly #transacted: Transacted;
  #subscription: AsyncDisposable | undefined;
  #phase: Phase = "new";
  #isPaused = false;
  #isHolding = false;
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
    this.#intake = new Intake(this.#options, broker.counts ?? broker.inspect);
    this.#heartbeat = new Heartbeat(broker, this.#options);
    const { concurrency, hooks, isolation, hostStart, fork } = this.#options;
    const inline = hooks === undefined ? runInline : withHooks(runInline, hooks);
    this.#executors = new Executors({ inline, isolation, start: hostStart, fork, broker });
    this.#executors.check(this.#registry);
    const { execute } = this.#executors;
    this.#transacted = new Transacted(this.events, broker);
    this.runs = new Runs(concurrency, broker, (run, outcome) => this.#done(run, outcome), execute);
    this.runs.onAbandoned = ({ id, queue, name }) =>
      this.events.announce("job:abandoned", () => [{ id, queue, name }]);
    this.#exchange = new Exchange(broker, {
      next: () => this.#next(),
      claimed: (claims, request) => {
        this.#intake.claimed(claims, request);
        if (this.#intake.isOutdated) this.#release(this.#intake.dropForeign());
        this.#pump();
      },
      settled: (outcome, counted) => {
        if (this.#transacted.answered(outcome, counted)) return;
        if (!counted) this.events.announce("job:lost", () => [{ id: outcome.id }]);
      },
      failed: (error) => this.events.announce("broker:lost", () => [{ error }]),
      recovered: () => this.events.announce("broker:recovered", () => []),
    });
  }

  /** Jobs that run now. */
  get running(): number {
    return this.runs.size;
  }

  /** The queue list that it serves, as text. */
  get queues(): string {
    return this.#heartbeat.label;
  }

  /** @internal */
  get state(): WorkerState {
    if (this.#phase === "draining" || this.#phase === "stopped") return "draining";
    if (this.#isPaused) return "paused";
    return this.runs.size > 0 ? "working" : "waiting";
  }

  /** Whether it takes jobs. */
  get #isOpen(): boolean {
    return this.#phase === "working" && !this.#isPaused && !this.#isHolding;
  }

  /** Whether it is time to ask for jobs. */
  get #wants(): boolean {
    return this.#isOpen && this.#intake.wants(this.runs.free);
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
    const { heartbeat, concurrency, ledger = ledgerDirectory() } = this.#options;
    await this.#heartbeat.beat();
    // A drain that could not wait for this start has said farewell already.
    if (this.#phase !== "new") return;
    if (ledger !== false) this.runs.ledger = Ledger.open(ledger, this.holder, concurrency);
    if (heartbeat === "thread") {
      await this.keepHeartbeat();
      void warnOfStore(this.#broker);
    }
    this.#executors.warmUp(this.#registry);
    this.#subscription = await this.#broker.wakeups?.subscribe((queue) => this.#wake(queue));
    if (this.#phase !== "new") return this.#leave(false);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#phase = "working";
    this.#exchange.request();
  }

  /** Keeps its own heartbeat by a thread from now on, whoever kept it before. */
  async keepHeartbeat(): Promise<void> {
    await this.#heartbeat.keep();
  }

  /** Leaves the heartbeat to somebody else again. */
  async leaveHeartbeat(): Promise<void> {
    await this.#heartbeat.leave();
  }

  /** Starts nothing more, and gives back what it has not started. Running jobs go on. */
  pause(): void {
    this.#isPaused = true;
    this.#giveBack();
  }

  resume(): void {
    this.#isPaused = false;
    this.#wake();
  }

  /** As a pause, for reasons of its own: neither ends the other. @internal */
  holdBreath(isHolding: boolean): void {
    if (isHolding === this.#isHolding) return;
    this.#isHolding = isHolding;
    if (isHolding) this.#giveBack();
    else this.#wake();
  }

  /**
   * Serves other queues from now on, without a restart. What it holds of queues
   * that are not among them goes back; jobs that run go on.
   *
   * @throws `GANGER_QUEUE_INVALID` or `GANGER_FACET_MISSING`; then it goes on as before.
   */
  async serve(queues: string | readonly string[], order: QueueOrder = this.#options.order): Promise<void> {
    const list = QueueList.parse(queues);
    this.#intake.serve(list, order);
    this.#release(this.#intake.dropForeign());
    this.#wake();
    if (this.#phase === "working") await this.#heartbeat.relabel(list.label);
    else this.#heartbeat.label = list.label;
  }

  /** Ends what runs as failed attempts, and goes on with other jobs. */
  cut(): void {
    this.runs.cut("An operator cut the run off");
  }

  /**
   * Takes nothing new, gives back what it has not started, and resolves when
   * what runs has ended and is on record. With `timeout`, runs that last longer are
   * aborted, and given up `grace` later: they go back without using an attempt.
   * A broker that does not answer is then waited for 5 s more.
   * Asked again, it goes by the shorter of the times.
   */
  drain(options: DrainOptions = {}): Promise<DrainReport> {
    const times = resolveDrain(options);
    this.#finish.bring(times);
    if (this.#drained === undefined) this.#drained = this.#drain(times);
    else if (options.timeout !== undefined) void drainRuns(this.runs, times);
    return this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  async #drain(times: DrainTimes): Promise<DrainReport> {
    // A start that is under way would go on after the end.
    if (this.#starting !== undefined) await this.#finish.allows(this.#starting);
    const isStarted = this.#phase !== "new";
    this.#phase = "draining";
    this.#giveBack();
    await drainRuns(this.runs, times);
    clearInterval(this.#timer);
    await this.#finish.allows(this.#leave(isStarted));
    this.#finish.close();
    const unreported = this.#exchange.pending;
    this.#exchange.close();
    // Without a heartbeat others take over what could not be told.
    void this.leaveHeartbeat();
    this.runs.close();
    this.#executors[Symbol.dispose]();
    this.#phase = "stopped";
    return { abandoned: this.runs.abandoned, unreported: unreported === 0 ? undefined : unreported };
  }

  /** Says what there is to say, for as long as that takes. */
  async #leave(isStarted: boolean): Promise<void> {
    await this.#exchange.flush();
    await this.#subscription?.[Symbol.asyncDispose]();
    await this.leaveHeartbeat();
    // Nothing is held any more: should the broker not answer, the end of the heartbeat tells the rest.
    if (isStarted) await this.#broker.release(this.holder, { kind: "interrupted", started: [] });
  }

  #next(): MaybePromise<ClaimRequest | undefined> {
    // Log lines and progress need the claim, which an outcome ends.
    if (!this.runs.notes.isEmpty) return this.#tellAndAsk();
    return this.#isOpen ? this.#intake.next(this.runs.free) : undefined;
  }

  async #tellAndAsk(): Promise<ClaimRequest | undefined> {
    await this.runs.tell().catch(() => undefined);
    return this.#isOpen ? this.#intake.next(this.runs.free) : undefined;
  }

  /** Starts what can be started, and asks for more when little is left. */
  #pump(): void {
    if (this.#isPumping) return;
    if (!this.#isOpen) {
      if (this.#phase !== "new") this.#giveBack();
      return;
    }
    this.#isPumping = true;
    while (this.runs.free > 0 && this.#startNext());
    this.#isPumping = false;
    if (this.#wants) this.#exchange.request(this.#intake.size > 0);
  }

  /** False when there is none to start now. */
  #startNext(): boolean {
    const now = performance.now();
    const claim = this.#intake.take((next) => this.#quarantine.admits(next, this.runs.size, now));
    if (claim === undefined) return false;
    this.#lastMoveAt = now;
    const { id, queue, name } = claim;
    const definition = this.#registry.find(name);
    if (definition === undefined) {
      this.#refuse(claim);
      return true;
    }
    this.events.announce("job:started", () => [{ id, queue, name }]);
    this.#quarantine.started(this.runs.start(claim, definition));
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
    if (run.hasCompletedIn) this.#transacted.expect(run, outcome);
    else announceOutcome(this.events, run, outcome);
    this.#pump();
    // The last one out: nothing will join this outcome, so that it need not wait.
    if (this.runs.size === 0 && this.#intake.size === 0) this.#exchange.request();
  }

  #giveBack(): void {
    this.#release(this.#intake.empty());
  }

  #release(claims: readonly Claim[]): void {
    this.#quarantine.leave();
    for (const { id, token } of claims) this.#exchange.add({ id, token, kind: "released", started: false });
    if (claims.length > 0) this.#exchange.request();
  }

  #wake(queue?: string): void {
    this.#intake.wake(queue);
    if (this.#wants) this.#exchange.request();
  }

  #tick(): void {
    const now = performance.now();
    this.onTick();
    if (this.#quarantine.isWaiting || this.runs.free > 0) this.#pump();
    else if (this.#intake.size > 0 && now - this.#lastMoveAt > HOARD_MS) {
      // What was held for soon is stuck behind slow jobs: others may have a hand free.
      this.#intake.pace.reset();
      this.#giveBack();
    }
    if (this.runs.size > 0) this.runs.tell().catch(() => undefined);
    if (now - this.#lastPollAt < POLL_MS && this.#broker.wakeups !== undefined) return;
    this.#lastPollAt = now;
    this.#wake();
  }
}

const TICK_MS = 250;
const HOARD_MS = 200;
const POLL_MS = 1000;
