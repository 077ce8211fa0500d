import type { ResolvedConfig, WorkerGroup } from "../config/resolved.ts";
import type { PoolStatus } from "../control/messages.ts";
import { fromFailure } from "../ipc/failure.ts";
import type { Failure, FromWorker, ToWorker } from "../ipc/messages.ts";
import { deferred } from "../util/deferred.ts";
import { MAX_TIMER_MS } from "../util/timers.ts";
import type { Child, Exit } from "./child/child.ts";
import { spawnWorker } from "./child/programs.ts";
import { Coordination } from "./coordination/coordination.ts";
import { ForkServers } from "./fork/fork-servers.ts";
import type { Group, GroupHost } from "./group/group.ts";
import { Groups } from "./group/groups.ts";
import type { PoolWorker } from "./group/pool-worker.ts";
import { Rollout } from "./group/rollout.ts";
import { breakerTiming, workerTiming } from "./group/timing.ts";
import { Journal } from "./journal.ts";
import type { ManagerOptions } from "./manager-options.ts";
import { poolIsStopping } from "./reload/refusals.ts";

/** `unclean`: jobs were cut off, or nobody could tell the broker who was gone. */
export type PoolEnd = "clean" | "unclean";

type Ending = "stop" | "abort" | "kill";

/**
 * Keeps the workers of one application on one host. It opens no broker and runs
 * no code of the application's, so that nothing a job or a database does can
 * end it; that a process died it learns from the operating system.
 */
export class Manager {
  readonly groups: Groups;
  readonly journal: Journal;
  config: ResolvedConfig;
  readonly #options: ManagerOptions;
  readonly #coordination: Coordination;
  /** What workers are forked from. */
  readonly forks: ForkServers | undefined;
  readonly #startedAtMs = Date.now();
  readonly #done = deferred<PoolEnd>();
  #timer: NodeJS.Timeout | undefined;
  #rollout: Rollout | undefined;
  #failure: Failure | undefined;
  #ending: Ending | undefined;
  #nextStartAt = 0;
  #isPaused = false;
  #wasEverReady = false;
  #isUnclean = false;
  #isFinished = false;

  constructor(config: ResolvedConfig, options: ManagerOptions) {
    this.config = config;
    const { log, around, directory } = options;
    this.#options = options;
    this.journal = new Journal(log);
    this.#coordination = new Coordination({
      log,
      around,
      config: () => this.config,
      holders: () => this.#holders(),
      onUp: (isUp) => this.#tellWorkers(isUp),
      onFailed: (failure) => this.#failed(failure, "the coordinator cannot start"),
      onChange: () => this.changed(),
    });
    if (directory !== undefined)
      this.forks = new ForkServers({ log, around, directory, onChange: () => this.changed() });
    this.groups = new Groups(this.#host());
    this.groups.apply(config, undefined);
  }

  start(): void {
    const { log } = this.#options;
    const total = [...this.groups].reduce((sum, { wanted }) => sum + wanted, 0);
    log.info({ app: this.config.app, workers: total }, "started manager");
    if (total === 0) log.warn({}, "the pool is empty");
    this.forks?.apply(this.config, false);
    if (this.#needsCoordinator) this.#coordination.start();
    this.groups.converge();
    this.changed();
  }

  /** Resolves when everything has ended; rejects when the pool could not be started. */
  get done(): Promise<PoolEnd> {
    return this.#done.promise;
  }

  get isStopping(): boolean {
    return this.#ending !== undefined;
  }

  /** Whether the coordinator is up and every worker that is wanted is ready. */
  get isComplete(): boolean {
    const isUp = this.#coordination.isUp || !this.#needsCoordinator;
    return isUp && [...this.groups].every((group) => group.isComplete);
  }

  get rollout(): Rollout | undefined {
    return this.#rollout?.isOver === false ? this.#rollout : undefined;
  }

  /** Starts nothing more in any worker, or does so again. What runs goes on. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused;
    for (const worker of this.groups.workers) worker.send({ type: isPaused ? "pause" : "resume" });
  }

  /**
   * Takes up another configuration. Counts and lists change at once; what needs new
   * processes is replaced one by one, and the promise resolves when that is done.
   *
   * @throws `GANGER_ROLLOUT_FAILED` when new workers did not come up: then all is as before.
   * @throws `GANGER_RELOAD_REFUSED` when the pool stops, now or before that is done.
   */
  async reconfigure(config: ResolvedConfig, all: boolean): Promise<void> {
    this.refuseToChange();
    const last = this.config;
    const isOtherFile = config !== last;
    this.#rollout?.leave();
    const rollout = new Rollout(this.groups, () => {
      // What a loader said meanwhile is not what failed.
      if (isOtherFile) this.config = last;
      unload?.();
      this.groups.apply(this.config, undefined);
    });
    this.#rollout = rollout;
    this.config = config;
    const unload = this.forks?.apply(config, all);
    this.groups.apply(config, last, all);
    if (ofCoordinator(config) !== ofCoordinator(last)) this.#coordination.restart();
    else if (this.#needsCoordinator && this.#coordination.isGone) this.#coordination.start();
    this.groups.converge();
    this.changed();
    await rollout.done;
  }

  /** @throws `GANGER_RELOAD_REFUSED` when the pool ends: it wants no workers any more. */
  refuseToChange(): void {
    if (this.isStopping) throw poolIsStopping();
  }

  /** Other counts and lists, as a loader gives them. */
  assign(workers: readonly WorkerGroup[]): void {
    if (this.isStopping) return;
    const config = { ...this.config, workers };
    this.groups.apply(config, this.config);
    this.config = config;
    this.forks?.apply(config, false);
    this.groups.converge();
    this.changed();
  }

  /** Climbs the ladder that ends all: lets jobs finish, aborts them, kills. */
  end(how: Ending): void {
    if (this.#ending === undefined || RUNGS.indexOf(how) > RUNGS.indexOf(this.#ending)) this.#ending = how;
    this.#rollout?.leave(poolIsStopping());
    for (const group of this.groups) group.end(how);
    this.changed();
  }

  /** Asks the workers to finish, and goes without them. */
  leave(): void {
    this.end("stop");
    this.#coordination.stop("stop");
    this.#finish();
  }

  status(): PoolStatus {
    const now = performance.now();
    const { app, environment, file } = this.config;
    const { pid, state } = this.#coordination;
    return {
      app,
      environment,
      file,
      pid: process.pid,
      startedAtMs: this.#startedAtMs,
      state: this.#state,
      coordinator: this.#needsCoordinator ? { pid, state } : undefined,
      forks: this.forks?.status,
      groups: Array.from(this.groups, (group) => group.describe(now)),
      events: this.journal.events,
    };
  }

  /** Looks at everything again: ends what is to end, and sets the timer. */
  changed(): void {
    if (this.#isFinished) return;
    this.groups.sweep();
    this.#rollout?.check();
    this.#settle();
    this.#arm();
    this.#options.observer?.changed?.();
  }

  get #state(): PoolStatus["state"] {
    if (this.isStopping) return "stopping";
    if (this.rollout !== undefined) return "reloading";
    return this.groups.isEmptied ? "empty" : "running";
  }

  get #needsCoordinator(): boolean {
    return this.config.workers.length === 0 || this.config.workers.some(({ exec }) => exec === undefined);
  }

  #host(): GroupHost {
    const nextStartAt = () => this.#nextStartAt;
    const breaker = () => breakerTiming(this.config.restart);
    return {
      get nextStartAt() {
        return nextStartAt();
      },
      get breaker() {
        return breaker();
      },
      timing: (spec) => workerTiming(this.config, spec),
      spawn: (worker) => this.#spawn(worker),
      started: (worker) => {
        this.#nextStartAt = performance.now() + this.config.spawnDelayMs;
        this.#options.observer?.placed?.(worker, worker.spec.queues);
      },
      moved: ({ holder }, queues) => {
        if (holder !== undefined) this.#coordination.alive(holder, queues);
      },
      message: (worker, message) => this.#receive(worker, message),
      ended: (worker, exit, wasAsked) => this.#ended(worker, exit, wasAsked),
      failed: (group, reason) => this.#successorFailed(group, reason),
    };
  }

  #spawn(worker: PoolWorker): Child<ToWorker> {
    const spec = worker.home?.spec ?? worker.spec;
    const origin = { ...this.#options.around(), config: this.config, forks: this.forks };
    const child = spawnWorker(origin, spec, {
      onMessage: (message) => worker.home?.receive(worker, message),
      onExit: (exit) => this.#exited(worker, exit),
      onSpawned: () => this.#options.observer?.placed?.(worker, worker.home?.spec.queues ?? spec.queues),
    });
    // Before its first claim. A program of the user's can be told once it minds signals: when it is ready.
    if (this.#isPaused && spec.exec === undefined) child.send({ type: "pause" });
    return child;
  }

  #exited(worker: PoolWorker, exit: Exit): void {
    const { pid } = worker;
    worker.exited(exit);
    if (pid !== undefined) this.#options.observer?.ended?.(pid);
    worker.home?.settle(worker);
    this.changed();
  }

  #ended(worker: PoolWorker, exit: Exit, wasAsked: boolean): void {
    const isOdd = worker.wasKilled || (exit.code !== 0 && worker.spec.exec === undefined);
    if (wasAsked) this.#isUnclean ||= isOdd;
    this.journal.ended(worker, exit, wasAsked);
    if (worker.holder !== undefined) this.#coordination.farewells.add(worker.holder, wasAsked, exit);
  }

  #successorFailed({ spec }: Group, reason: string): void {
    this.journal.successorFailed(spec.queues, reason);
    // Its slot is to take its next step first.
    queueMicrotask(() => {
      this.rollout?.abort(reason);
      this.groups.converge();
      this.changed();
    });
  }

  #receive(worker: PoolWorker, message: FromWorker): void {
    const { queues } = worker.home?.spec ?? worker.spec;
    switch (message.type) {
      case "named":
        return this.#coordination.alive(message.holder, queues);
      case "ready":
        this.#wasEverReady = true;
        worker.send({ type: "coordinator", isUp: this.#coordination.isUp });
        if (this.#isPaused && worker.spec.exec !== undefined) worker.send({ type: "pause" });
        this.journal.ready(worker);
        this.#options.observer?.ready?.(worker, queues);
        break;
      case "worn":
        this.journal.worn(worker, message.worn);
        break;
      case "failed":
        this.#failed(message.failure, "a worker cannot start");
        break;
      case "loading":
      case "status":
      case "helper":
      case "ending":
        return;
    }
    this.changed();
  }

  /** A start that fails before anything ran is the operator's to mend; later ones are tried again. */
  #failed(failure: Failure, what: string): void {
    if (this.#wasEverReady || this.isStopping) return this.journal.failed(failure, what);
    this.#failure ??= failure;
    this.end("kill");
  }

  *#holders() {
    for (const { holder, home, spec } of this.groups.workers) {
      if (holder !== undefined) yield { holder, queues: home?.spec.queues ?? spec.queues };
    }
  }

  #tellWorkers(isUp: boolean): void {
    for (const worker of this.groups.workers) worker.send({ type: "coordinator", isUp });
  }

  /** Goes on with the end: first the workers, then word of them to the broker, then the coordinator. */
  #settle(): void {
    if (!this.isStopping || !this.groups.isEmpty) return;
    const { farewells, isGone } = this.#coordination;
    if (isGone) return this.#finish();
    if (farewells.size > 0 && this.#failure === undefined && farewells.isWorthWaiting()) return;
    this.#isUnclean ||= farewells.size > 0;
    this.#coordination.stop(this.#failure === undefined ? "stop" : "kill");
    if (this.#coordination.isGone) this.#finish();
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    clearTimeout(this.#timer);
    this.#coordination.farewells.close();
    void this.#conclude();
  }

  async #conclude(): Promise<void> {
    await this.forks?.end();
    if (this.#failure === undefined) {
      this.#options.log.info({ clean: !this.#isUnclean }, "stopped manager");
      return this.#done.resolve(this.#isUnclean ? "unclean" : "clean");
    }
    this.#done.reject(fromFailure(this.#failure, "GANGER_POOL_FAILED"));
  }

  /** One timer for all, set to the first that may have something to do. */
  #arm(): void {
    clearTimeout(this.#timer);
    const now = performance.now();
    const farewell = this.isStopping ? this.#coordination.farewells.deadline : undefined;
    const due = [...this.groups].map((group) => group.dueAt(now));
    const next = Math.min(...due, this.#coordination.dueAt(), farewell ?? Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, Math.min(next - now + 1, MAX_TIMER_MS)));
  }

  #tick(): void {
    const now = performance.now();
    this.#coordination.tick(now);
    for (const group of this.groups) group.tick(now);
    this.changed();
  }
}

/** What a coordinator is started with, and another one needed for. */
function ofCoordinator({ heartbeat, retention, log }: ResolvedConfig): string {
  return JSON.stringify([heartbeat, retention, log]);
}

const RUNGS = ["stop", "abort", "kill"];
