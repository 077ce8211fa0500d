import type { ResolvedConfig, WorkerGroup } from "../config/resolved.ts";
import { ERROR_CODES, type ErrorCode, GangerError } from "../errors.ts";
import { ledgerDirectory } from "../ipc/ledger.ts";
import type { Failure, FromCoordinator, FromWorker, ToCoordinator, ToWorker } from "../ipc/messages.ts";
import type { Logger } from "../telemetry/log.ts";
import { MAX_TIMER_MS } from "../util/timers.ts";
import type { Exit } from "./child.ts";
import { Farewells } from "./farewells.ts";
import { Member } from "./member.ts";
import { spawnCoordinator, spawnWorker } from "./programs.ts";
import { COORDINATOR_TIMING, workerTiming } from "./timing.ts";

/** `unclean`: jobs were cut off, or nobody could tell the broker who was gone. */
export type PoolEnd = "clean" | "unclean";

export interface ManagerOptions {
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type WorkerMember = Member<ToWorker>;

/**
 * Keeps the workers of one application on one host. It opens no broker and runs
 * no code of the application's, so that nothing a job or a database does can
 * end it; that a process died it learns from the operating system.
 */
export class Manager {
  /** Resolves when everything has ended; rejects when the pool could not be started. */
  readonly done: Promise<PoolEnd>;
  readonly #config: ResolvedConfig;
  readonly #options: ManagerOptions;
  readonly #workers: readonly WorkerMember[];
  readonly #coordinator: Member<ToCoordinator>;
  readonly #farewells: Farewells;
  readonly #groups = new Map<WorkerMember, WorkerGroup>();
  #resolve: (end: PoolEnd) => void = () => undefined;
  #reject: (error: GangerError) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #failure: Failure | undefined;
  #isStopping = false;
  #isCoordinated = false;
  #wasEverReady = false;
  #isUnclean = false;

  constructor(config: ResolvedConfig, options: ManagerOptions) {
    this.#config = config;
    this.#options = options;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#farewells = new Farewells(ledgerDirectory(), (message) => this.#coordinator.send(message));
    this.#coordinator = new Member<ToCoordinator>({
      timing: COORDINATOR_TIMING,
      farewell: { type: "stop" },
      spawn: (member) =>
        spawnCoordinator(config, options.env, {
          onMessage: (message) => this.#fromCoordinator(message),
          onExit: (exit) => this.#exited(member, exit),
        }),
      onExit: (_, exit) => this.#coordinatorExited(exit),
    });
    this.#workers = config.workers.flatMap((group) =>
      Array.from({ length: group.count }, () => this.#createWorker(group)),
    );
  }

  start(): void {
    const { log } = this.#options;
    log.info({ app: this.#config.app, workers: this.#workers.length }, "started manager");
    if (this.#workers.length === 0) log.warn({}, "the pool is empty");
    this.#coordinator.on("start");
    for (const worker of this.#workers) worker.on("start");
    this.#arm();
  }

  /** Lets running jobs finish, and ends. */
  drain(): void {
    this.#stop("stop");
  }

  /** Ends at once. What runs is cut off and goes back without using an attempt. */
  end(): void {
    this.#stop("end");
  }

  #createWorker(group: WorkerGroup): WorkerMember {
    const worker: WorkerMember = new Member<ToWorker>({
      timing: workerTiming(group.stopMs),
      farewell: { type: "drain", timeoutMs: group.stopMs },
      spawn: (member) =>
        spawnWorker(this.#config, group, this.#options.env, {
          onMessage: (message) => this.#fromWorker(member, group, message),
          onExit: (exit) => this.#exited(member, exit),
        }),
      onExit: (member, exit) => this.#workerExited(member, group, exit),
    });
    this.#groups.set(worker, group);
    return worker;
  }

  #stop(event: "stop" | "end"): void {
    this.#isStopping = true;
    for (const worker of this.#workers) worker.on(event);
    if (event === "end") this.#isUnclean ||= this.#workers.some(({ wasKilled }) => wasKilled);
    this.#settle();
    this.#arm();
  }

  #exited<Out>(member: Member<Out>, exit: Exit): void {
    member.exited(exit);
    this.#settle();
    this.#arm();
  }

  #workerExited(worker: WorkerMember, { queues }: WorkerGroup, exit: Exit): void {
    const { log } = this.#options;
    const wasAsked = worker.state === "draining";
    const facts = { worker: worker.holder, queues, ...exit };
    if (wasAsked) {
      this.#isUnclean ||= worker.wasKilled || exit.code !== 0;
      log.info(facts, "worker ended");
    } else {
      log.warn(facts, "worker died");
    }
    if (worker.holder !== undefined) this.#farewells.add(worker.holder, wasAsked, exit);
  }

  #coordinatorExited(exit: Exit): void {
    if (this.#coordinator.state !== "draining") this.#options.log.warn({ ...exit }, "coordinator died");
    this.#isCoordinated = false;
    this.#tellWorkers();
  }

  #fromWorker(worker: WorkerMember, { queues }: WorkerGroup, message: FromWorker): void {
    switch (message.type) {
      case "ready":
        worker.holder = message.holder;
        worker.on("ready");
        this.#wasEverReady = true;
        this.#coordinator.send({ type: "alive", holder: message.holder, queues });
        worker.send({ type: "coordinator", isUp: this.#isCoordinated });
        this.#options.log.info({ worker: message.holder, queues }, "worker ready");
        return;
      case "failed":
        this.#failed(message.failure, "a worker cannot start");
    }
  }

  #fromCoordinator(message: FromCoordinator): void {
    switch (message.type) {
      case "ready":
        this.#coordinator.on("ready");
        this.#isCoordinated = true;
        for (const [worker, { queues }] of this.#groups) {
          const { holder } = worker;
          if (holder !== undefined) this.#coordinator.send({ type: "alive", holder, queues });
        }
        this.#farewells.repeat();
        this.#tellWorkers();
        return;
      case "released":
        this.#farewells.answered(message.holder);
        this.#logRelease(message);
        this.#settle();
        return;
      case "failed":
        this.#failed(message.failure, "the coordinator cannot start");
    }
  }

  #logRelease({ holder, waiting, poisoned }: Extract<FromCoordinator, { type: "released" }>): void {
    const { log } = this.#options;
    if (waiting > 0) log.info({ worker: holder, jobs: waiting }, "gave back the jobs of a worker");
    for (const job of poisoned) log.error({ worker: holder, job }, "failed a job that crashed too often");
  }

  /** A start that fails before anything ran is the operator's to mend; later ones are tried again. */
  #failed(failure: Failure, what: string): void {
    if (this.#wasEverReady || this.#isStopping) {
      this.#options.log.error({ code: failure.code, reason: failure.message }, what);
      return;
    }
    this.#failure ??= failure;
    this.#stop("end");
  }

  #tellWorkers(): void {
    for (const worker of this.#workers) worker.send({ type: "coordinator", isUp: this.#isCoordinated });
  }

  /** Goes on with the end: first the workers, then word of them to the broker, then the coordinator. */
  #settle(): void {
    if (!this.#isStopping || this.#workers.some(({ state }) => state !== "vacant")) return;
    const { state } = this.#coordinator;
    if (state === "vacant") return this.#finish();
    if (this.#farewells.size > 0 && this.#failure === undefined && this.#farewells.isWorthWaiting()) return;
    this.#isUnclean ||= this.#farewells.size > 0;
    if (state !== "draining") this.#coordinator.on(this.#failure === undefined ? "stop" : "end");
    // One that was about to be started again has nothing left to end.
    if (this.#coordinator.state === "vacant") this.#finish();
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#farewells.close();
    if (this.#failure === undefined) {
      this.#options.log.info({ clean: !this.#isUnclean }, "stopped manager");
      return this.#resolve(this.#isUnclean ? "unclean" : "clean");
    }
    const { message, hint, code } = this.#failure;
    this.#reject(new GangerError(isCode(code) ? code : "GANGER_POOL_FAILED", message, { hint }));
  }

  /** One timer for all slots, set to the first that may have something to do. */
  #arm(): void {
    clearTimeout(this.#timer);
    const members = [this.#coordinator, ...this.#workers];
    const due = members.map(({ dueAt }) => dueAt).filter((time) => time !== undefined);
    const farewell = this.#isStopping ? this.#farewells.deadline : undefined;
    const next = Math.min(...due, farewell ?? Number.POSITIVE_INFINITY);
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(
      () => {
        for (const member of members) member.on("tick");
        this.#settle();
        this.#arm();
      },
      Math.max(0, Math.min(next - performance.now() + 1, MAX_TIMER_MS)),
    );
  }
}

function isCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code);
}
