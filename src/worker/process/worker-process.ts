import type { Broker } from "../../broker/broker.ts";
import { openBroker } from "../../broker/connect.ts";
import type { OpenOptions } from "../../broker/migrate.ts";
import { toFailure } from "../../ipc/failure.ts";
import type { FromWorker, ToWorker, WorkerLimits, WorkerStart } from "../../ipc/messages.ts";
import type { WorkerHooks } from "../../job/hooks.ts";
import type { JobRegistry } from "../../job/registry.ts";
import type { Logger } from "../../telemetry/log.ts";
import { MAX_TIMER_MS } from "../../util/timers.ts";
import type { DrainOptions } from "../drain.ts";
import type { HostStart } from "../isolation/messages.ts";
import type { Launch } from "../isolation/transport.ts";
import { Worker } from "../worker.ts";
import { equip } from "./equip.ts";
import { narrate } from "./narrate.ts";
import { StatusReporter } from "./status.ts";
import { Title } from "./title.ts";
import { Wear } from "./wear.ts";

/** What a forked worker has from the process it comes from. */
export interface Inheritance {
  /** Loaded already, and its hook `beforeFork` called. */
  readonly application?: { readonly jobs: JobRegistry; readonly hooks: WorkerHooks } | undefined;
  /** A quicker way to a process for a job than a new one. */
  readonly launch?: ((start: HostStart) => Launch) | undefined;
}

/** What a worker process has around it. */
export interface Surroundings extends Inheritance {
  readonly send: (message: FromWorker) => void;
  readonly exit: (code: number) => void;
  readonly log: (start: WorkerStart) => Logger;
  readonly setTitle: (title: string) => void;
  /** @default openBroker */
  readonly open?: ((url: string, options: OpenOptions) => Promise<Broker>) | undefined;
}

/**
 * A worker as a process of a pool: does what its manager says, and finishes its
 * jobs and goes when that is gone. What it is told while it starts holds from then on.
 */
export class WorkerProcess {
  readonly #around: Surroundings;
  readonly #title: Title;
  #orders: WorkerStart | undefined;
  #log: Logger | undefined;
  #worker: Worker | undefined;
  #wear: Wear | undefined;
  #takeover: NodeJS.Timeout | undefined;
  #isPaused = false;
  /** Whether somebody keeps our heartbeat. */
  #isKept = true;
  #isEnding = false;
  /** Jobs that ran were aborted, and not for the want of time that every stop has. */
  #hasCutOff = false;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#title = new Title(around.setTitle);
  }

  async obey(message: ToWorker): Promise<void> {
    switch (message.type) {
      case "start":
        return this.#start(message.start);
      case "drain":
        return this.drain({ timeout: message.timeoutMs, grace: message.graceMs });
      case "abort":
        return this.#abort(message.graceMs);
      case "cut":
        return this.cut();
      case "pause":
        return this.pause();
      case "resume":
        return this.resume();
      case "serve":
        return this.#serve(message.queues, message.order);
      case "limits":
        return this.#limit(message.limits);
      case "coordinator":
        return this.#coordinated(message.isUp);
    }
  }

  pause(): void {
    this.#isPaused = true;
    this.#worker?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#worker?.resume();
  }

  cut(): void {
    this.#worker?.cut();
  }

  /** Finishes what runs, and goes. */
  async drain(options: DrainOptions = {}): Promise<void> {
    this.#isEnding = true;
    // Still loading: nothing is held, and a module may take for ever.
    if (this.#worker === undefined) return this.#around.exit(0);
    const { abandoned, unreported = 0 } = await this.#worker.drain(options);
    this.#around.exit(abandoned + unreported === 0 && !this.#hasCutOff ? 0 : UNCLEAN);
  }

  /** The first time it finishes what runs; asked again it aborts that, and goes whatever happens. */
  async end(): Promise<void> {
    if (!this.#isEnding) return this.drain();
    const graceMs = this.#orders?.graceMs ?? DEFAULT_GRACE_MS;
    setTimeout(() => this.#around.exit(UNCLEAN), Math.min(graceMs + HARD_MS, MAX_TIMER_MS));
    await this.#abort(graceMs);
  }

  /** Whoever asks for this wants to know whether it cost anything. */
  #abort(graceMs: number): Promise<void> {
    this.#hasCutOff ||= (this.#worker?.running ?? 0) > 0;
    return this.drain({ timeout: 0, grace: graceMs });
  }

  /** Nobody keeps our heartbeat any more, and nobody will replace us. */
  async orphaned(): Promise<void> {
    await this.#worker?.keepHeartbeat();
    await this.drain();
  }

  /** Something was thrown that nobody caught, and nobody knows by which job: other jobs must not pay for it. */
  fault(error: unknown): Promise<void> {
    if (this.#worker === undefined) this.#around.send({ type: "failed", failure: toFailure(error) });
    return this.#retire(`uncaught error: ${toFailure(error).message}`);
  }

  /**
   * Ends a process that is not sound any more, to be replaced. Its jobs have the
   * time of a stop to end; what still runs then counts as crashed.
   */
  async #retire(reason: string): Promise<void> {
    this.#isEnding = true;
    this.#log?.error({ reason }, "draining, to be replaced");
    setTimeout(() => this.#around.exit(1), Math.min(this.#orders?.stopMs ?? 0, MAX_TIMER_MS));
    await this.#worker?.drain();
    this.#around.exit(1);
  }

  async #start(orders: WorkerStart): Promise<void> {
    this.#orders = orders;
    const { app, queues } = orders;
    this.#title.show({ app, queues, state: "starting", running: 0, jobs: [] });
    this.#log = this.#around.log(orders);
    try {
      await this.#launch(orders, this.#log);
    } catch (error) {
      this.#around.send({ type: "failed", failure: toFailure(error) });
      this.#around.exit(1);
    }
  }

  async #launch(orders: WorkerStart, log: Logger): Promise<void> {
    const { open = openBroker, send, application, launch } = this.#around;
    const loading = (what: string) => send({ type: "loading", what });
    const { broker, jobs, holder, hooks } = await equip(orders, { open, loading, log, application });
    if (this.#isEnding) return;
    const { queues, concurrency, order, ledger, ttlMs, isolation } = this.#orders ?? orders;
    const options = { queues, concurrency, order, ledger, holder, hooks, ttl: ttlMs } as const;
    const { jobs: modules, hooks: hooksModule, bootMs } = orders;
    const fork = launch?.({ modules, hooks: hooksModule });
    const elsewhere = { isolation, modules, hooksModule, bootMs, fork };
    const worker = new Worker(broker, jobs, { ...options, ...elsewhere, heartbeat: "elsewhere" });
    this.#attend(worker, log);
    // Before the first claim: the manager must know whose jobs these are, should we die.
    send({ type: "named", holder });
    await worker.start();
    send({ type: "ready" });
  }

  /** Lets it be heard and seen, and tells it what came while it was being made. */
  #attend(worker: Worker, log: Logger): void {
    const { send } = this.#around;
    const { app = "", limits = {} } = this.#orders ?? {};
    const reporter = new StatusReporter(worker, (status) => send({ type: "status", status }));
    const wear = new Wear(worker, (worn) => send({ type: "worn", worn }));
    narrate(worker.events, log);
    worker.events.on("job:abandoned", ({ id, name }) => {
      void this.#retire(`job ${id} (${name}) went on after its signal and its grace`);
    });
    worker.onTick = () => {
      wear.tick();
      this.#title.show({ app, queues: worker.queues, ...reporter.tick() });
    };
    this.#worker = worker;
    this.#wear = wear;
    wear.limit(limits);
    if (this.#isPaused) worker.pause();
    if (!this.#isKept) this.#coordinated(false);
  }

  async #serve(queues: string, order: WorkerStart["order"]): Promise<void> {
    if (this.#orders !== undefined) this.#orders = { ...this.#orders, queues, order };
    try {
      await this.#worker?.serve(queues, order);
    } catch (error) {
      this.#log?.error({ queues, reason: toFailure(error).message }, "goes on with the queues it has");
    }
  }

  #limit(limits: WorkerLimits): void {
    if (this.#orders !== undefined) this.#orders = { ...this.#orders, limits };
    this.#wear?.limit(limits);
  }

  /** A coordinator that is gone is back in a moment, as a rule; the heartbeat it gave last is good for longer. */
  #coordinated(isUp: boolean): void {
    this.#isKept = isUp;
    clearTimeout(this.#takeover);
    if (isUp) void this.#worker?.leaveHeartbeat();
    else
      this.#takeover = setTimeout(() => void this.#worker?.keepHeartbeat(), (this.#orders?.ttlMs ?? 0) / 3);
  }
}

const UNCLEAN = 3;
const DEFAULT_GRACE_MS = 5000;
const HARD_MS = 2000;
