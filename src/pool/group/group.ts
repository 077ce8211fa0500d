import type { WorkerGroup } from "../../config/resolved.ts";
import type { GroupStatus } from "../../control/messages.ts";
import type { FromWorker, ToWorker } from "../../ipc/messages.ts";
import { type Child, describeExit, type Exit } from "../child/child.ts";
import { limitsOf } from "../child/programs.ts";
import { admits, afterFailure, type Breaker, type BreakerTiming, CLOSED } from "./breaker.ts";
import { PoolWorker } from "./pool-worker.ts";
import type { SlotTiming } from "./slot.ts";
import { isPresent, staff } from "./staffing.ts";

/** What a group needs of the manager. */
export interface GroupHost {
  timing(spec: WorkerGroup): SlotTiming;
  readonly breaker: BreakerTiming;
  spawn(worker: PoolWorker): Child<ToWorker>;
  /** When the next worker of the pool may be started, on the monotonic clock. */
  readonly nextStartAt: number;
  started(worker: PoolWorker): void;
  /** It serves another list from now on. */
  moved(worker: PoolWorker, queues: string): void;
  message(worker: PoolWorker, message: FromWorker): void;
  ended(worker: PoolWorker, exit: Exit, wasAsked: boolean): void;
  /** A successor ended before it was ready. */
  failed(group: Group, reason: string): void;
}

/** The workers of one queue list: keeps as many as are wanted, and replaces them one by one. */
export class Group {
  spec: WorkerGroup;
  /** Counts up with every change that needs new processes. */
  generation = nextGeneration();
  wanted = 0;
  /** A bound from outside, while another manager hands over to this one or takes over from it. */
  limit = Number.POSITIVE_INFINITY;
  orphans: readonly { readonly pid: number }[] = [];
  /** Successors wait, also when they are ready. */
  holdsSwap = false;
  readonly workers = new Set<PoolWorker>();
  readonly #host: GroupHost;
  #breaker: Breaker = CLOSED;
  #reason = "";
  #replaceAt = 0;

  constructor(spec: WorkerGroup, host: GroupHost) {
    this.spec = spec;
    this.#host = host;
  }

  /** Workers that take jobs, or will soon. */
  get serving(): readonly PoolWorker[] {
    return [...this.workers].filter((worker) => isPresent(worker) && worker.replaces === undefined);
  }

  get isEmpty(): boolean {
    return this.workers.size === 0;
  }

  /** Workers that take jobs now. */
  get ready(): number {
    return this.serving.filter(({ state }) => state === "running").length;
  }

  /** Every worker that is wanted is ready. */
  get isComplete(): boolean {
    return this.ready + this.orphans.length >= Math.min(this.wanted, this.limit);
  }

  /** Its workers do not come up, and are tried ever more slowly. */
  get isFailing(): boolean {
    return this.#breaker.state !== "closed";
  }

  /** Has workers that are to be replaced, or are being replaced. */
  get isRolling(): boolean {
    return [...this.workers].some(
      ({ isOutdated, replaces, wasReplaced, state }) =>
        replaces !== undefined || wasReplaced || (isOutdated && state === "running"),
    );
  }

  /** Its successor, if there is one, is ready to take the place. */
  get isSwapReady(): boolean {
    return [...this.workers].every(({ replaces, state }) => replaces === undefined || state === "running");
  }

  /** Everything that runs is of another kind than wanted from now on. */
  outdate(): void {
    this.generation = nextGeneration();
    // What failed before may have been mended.
    this.#replaceAt = 0;
    this.markOutdated();
  }

  markOutdated(): void {
    for (const worker of this.workers) worker.isOutdated = worker.generation !== this.generation;
  }

  /** Does what is to be done now. */
  tick(now: number): void {
    for (const worker of this.workers) {
      if ((worker.dueAt ?? Number.POSITIVE_INFINITY) > now) continue;
      if (worker.state !== "cooling") worker.on("tick");
      else if (this.#mayStart(now)) this.#restart(worker);
    }
    this.#checkAge(now);
    this.converge(now);
  }

  /** Starts, stops and replaces workers until nothing more is to be done now. */
  converge(now = performance.now()): void {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const wanted = Math.max(0, Math.min(this.wanted, this.limit) - this.orphans.length);
      const mayReplace = now >= this.#replaceAt;
      const moves = staff([...this.workers], { wanted, mayReplace, holdsSwap: this.holdsSwap });
      let isChanged = false;
      for (const move of moves) {
        if (move.kind === "start") isChanged = this.#start(move.replaces, now) || isChanged;
        else isChanged = true;
        if (move.kind === "stop") this.#stop(move.seat);
        if (move.kind === "promote") this.#promote(move.seat);
      }
      if (!isChanged) return;
    }
  }

  /** Ends all of them. Nothing is started any more. */
  end(event: "stop" | "abort" | "kill"): void {
    this.wanted = 0;
    for (const worker of this.workers) {
      worker.on(event);
      this.#sweep(worker);
    }
  }

  /** When `tick` may have something to do. */
  dueAt(now: number): number {
    const starts = this.#nextStartAt;
    const times = Array.from(this.workers, (worker) => {
      const age = this.spec.maxAgeMs;
      const aged =
        age !== undefined && worker.state === "running" && !worker.isWorn ? worker.since + age : NEVER;
      const due = worker.dueAt ?? NEVER;
      return Math.min(aged, worker.state === "cooling" ? Math.max(due, starts) : due);
    });
    const wanted = Math.min(this.wanted, this.limit) - this.orphans.length;
    if (this.serving.length < wanted) times.push(Math.max(starts, now + 1));
    if (this.#replaceAt > now) times.push(this.#replaceAt);
    return Math.min(NEVER, ...times);
  }

  /** Takes a worker of another group, which serves another list from now on. */
  adopt(worker: PoolWorker, from: Group): void {
    from.workers.delete(worker);
    this.workers.add(worker);
    worker.home = this;
    worker.generation = this.generation;
    worker.spec = this.spec;
    const { queues, order } = this.spec;
    worker.send({ type: "serve", queues, order });
    worker.send({ type: "limits", limits: limitsOf(this.spec) });
    this.#host.moved(worker, queues);
  }

  receive(worker: PoolWorker, message: FromWorker): void {
    if (message.type === "loading") worker.loading = message.what;
    if (message.type === "status") worker.status = message.status;
    if (message.type === "worn") worker.worn ??= message.worn;
    if (message.type === "failed") worker.failure = message.failure.message;
    if (message.type === "named") worker.holder = message.holder;
    if (message.type === "ready") {
      worker.on("ready");
      this.#breaker = CLOSED;
      this.#replaceAt = 0;
    }
    this.#host.message(worker, message);
    if (message.type === "ready" || message.type === "worn") this.converge();
  }

  describe(now: number): GroupStatus {
    const breaker = this.#breaker;
    return {
      queues: this.spec.queues,
      wanted: this.wanted,
      workers: Array.from(this.workers, (worker) => worker.describe(now)),
      orphans: this.orphans,
      failing:
        breaker.state === "closed"
          ? undefined
          : {
              failures: breaker.failures,
              nextInMs: Math.max(0, Math.round(breaker.until - now)),
              reason: this.#reason,
            },
    };
  }

  get #nextStartAt(): number {
    const breaker = this.#breaker;
    if (breaker.state === "closed") return this.#host.nextStartAt;
    return this.#starting > 0 ? NEVER : Math.max(breaker.until, this.#host.nextStartAt);
  }

  get #starting(): number {
    return [...this.workers].filter(({ state }) => state === "starting").length;
  }

  #mayStart(now: number): boolean {
    return now >= this.#host.nextStartAt && admits(this.#breaker, now, this.#starting);
  }

  #start(replaces: PoolWorker | undefined, now: number): boolean {
    // What cools down comes first: it is one of those that are wanted.
    if (!this.#mayStart(now)) return false;
    const worker: PoolWorker = new PoolWorker(this.spec, {
      timing: () => this.#host.timing(worker.home?.spec ?? worker.spec),
      spawn: () => this.#host.spawn(worker),
      farewell: (rung) => farewell(rung, worker.home?.spec ?? worker.spec),
      onExit: (exit) => (worker.home ?? this).#ended(worker, exit),
    });
    worker.home = this;
    worker.replaces = replaces;
    this.workers.add(worker);
    worker.reset(this.generation, this.spec);
    worker.on("start");
    this.#host.started(worker);
    return true;
  }

  #restart(worker: PoolWorker): void {
    worker.reset(this.generation, this.spec);
    worker.on("tick");
    this.#host.started(worker);
  }

  #stop(worker: PoolWorker): void {
    worker.on("stop");
    this.#sweep(worker);
  }

  #promote(worker: PoolWorker): void {
    const { replaces } = worker;
    worker.replaces = undefined;
    if (replaces === undefined || !isPresent(replaces)) return;
    replaces.wasReplaced = replaces.state === "running";
    this.#stop(replaces);
  }

  /** Before its slot takes the next step. */
  #ended(worker: PoolWorker, exit: Exit): void {
    const now = performance.now();
    const { state } = worker;
    this.#host.ended(worker, exit, state === "draining" && !worker.wasExcessive);
    if (state !== "starting") return;
    const tookMs = now - worker.spawnedAt;
    this.#breaker = afterFailure(this.#breaker, { now, tookMs, timing: this.#host.breaker });
    this.#reason = reasonOf(worker, exit);
    if (worker.replaces === undefined) return;
    this.#replaceAt = now + REPLACE_AGAIN_MS;
    this.#host.failed(this, this.#reason);
  }

  /** After the end of a process: a slot that nobody wants any more is gone. */
  settle(worker: PoolWorker): void {
    // A successor that failed leaves its place to whom it was to replace; that one is still there.
    if (worker.replaces !== undefined && worker.state === "cooling") worker.on("stop");
    this.#sweep(worker);
    this.converge();
  }

  #sweep(worker: PoolWorker): void {
    if (worker.state === "vacant") this.workers.delete(worker);
  }

  #checkAge(now: number): void {
    const { maxAgeMs } = this.spec;
    if (maxAgeMs === undefined) return;
    for (const worker of this.workers) {
      if (worker.state === "running" && now - worker.since >= maxAgeMs) worker.worn ??= { reason: "maxAge" };
    }
  }
}

function farewell(rung: "drain" | "abort", { stopMs, graceMs }: WorkerGroup): ToWorker {
  return rung === "drain" ? { type: "drain", timeoutMs: stopMs, graceMs } : { type: "abort", graceMs };
}

/** Why a worker did not come up, for people. */
function reasonOf({ failure, loading, wasKilled }: PoolWorker, exit: Exit): string {
  if (exit.error !== undefined) return `it could not be started: ${exit.error}`;
  if (failure !== undefined) return failure;
  const during = loading === undefined ? "" : ` while it loaded ${loading}`;
  if (wasKilled) return `not ready in time${during}`;
  return `ended with ${describeExit(exit)} before it was ready${during}`;
}

const NEVER = Number.POSITIVE_INFINITY;
const MAX_ROUNDS = 10;
const REPLACE_AGAIN_MS = 10_000;

let generations = 0;

/** Never the same again, also not after a change was taken back. */
function nextGeneration(): number {
  return ++generations;
}
