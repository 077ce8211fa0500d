import type { ResolvedConfig, WorkerGroup } from "../../config/resolved.ts";
import { limitsOf } from "../child/programs.ts";
import { ByHand, type Mark } from "../reload/by-hand.ts";
import { Group, type GroupHost } from "./group.ts";
import type { PoolWorker } from "./pool-worker.ts";
import { reassign } from "./reassign.ts";

/** All groups of a pool, by queue list. */
export class Groups implements Iterable<Group> {
  readonly #host: GroupHost;
  /** Those that are gone are remembered for a while, with what is known of their failures; the newest stand last. */
  readonly #groups = new Map<string, Group>();
  /** One that the configuration does not name any more, and that has workers left. */
  readonly #leaving = new Set<Group>();
  #order: readonly Group[] = [];
  readonly #byHand = new ByHand();

  constructor(host: GroupHost) {
    this.#host = host;
  }

  [Symbol.iterator](): Iterator<Group> {
    return [...this.#order, ...this.#leaving][Symbol.iterator]();
  }

  get isEmpty(): boolean {
    return [...this].every(({ isEmpty }) => isEmpty);
  }

  get isEmptied(): boolean {
    return this.#byHand.isEmptied;
  }

  get workers(): readonly PoolWorker[] {
    return [...this].flatMap(({ workers }) => Array.from(workers));
  }

  find(queues: string): Group | undefined {
    return [...this].find(({ spec }) => spec.queues === queues);
  }

  /**
   * Takes up other groups. Workers whose kind is not what it was are outdated; with
   * `all`, all are. Nothing is started or stopped before `converge`.
   */
  apply(config: ResolvedConfig, last: ResolvedConfig | undefined, all = false): void {
    const named = new Set(config.workers.map(({ queues }) => queues));
    for (const group of this.#order) if (!named.has(group.spec.queues)) this.#leave(group);
    this.#order = config.workers.map((spec) => this.#take(spec));
    for (const [place, group] of this.#order.entries()) {
      const spec = config.workers[place] ?? group.spec;
      const isOther = last !== undefined && kindOf(config, spec) !== kindOf(last, group.spec);
      this.#change(group, spec);
      if (isOther || all) group.outdate();
    }
    this.#setWanted();
    this.#reassign(config);
  }

  /** Only the counts and lists, as a loader gives them. */
  converge(): void {
    for (const group of this) group.converge();
    this.sweep();
  }

  /** No worker, whatever is configured, until it is forgotten. */
  empty(): void {
    this.#byHand.empty();
    this.#setWanted();
    this.converge();
  }

  /** One worker more or less in the first group. */
  resize(by: 1 | -1): Group | undefined {
    const [first] = this.#order;
    if (first === undefined || first.spec.count + this.#byHand.extra + by < 0) return undefined;
    this.#byHand.resize(by);
    this.#setWanted();
    this.converge();
    return first;
  }

  /** What was changed by hand up to now. */
  get marked(): Mark {
    return this.#byHand.marked;
  }

  /** Forgets what was changed by hand before that, and no more; `converge` follows. Calling the answer undoes it. */
  forget(mark: Mark): () => void {
    const undo = this.#byHand.forget(mark);
    this.#setWanted();
    return () => {
      undo();
      this.#setWanted();
    };
  }

  sweep(): void {
    for (const group of this.#leaving) if (group.isEmpty) this.#leaving.delete(group);
    this.#forgetGone();
  }

  /** A loader may make up names for ever. */
  #forgetGone(): void {
    let surplus = this.#groups.size - this.#order.length - this.#leaving.size - MAX_GONE;
    if (surplus <= 0) return;
    const present = new Set(this);
    for (const [queues, group] of this.#groups) {
      if (surplus <= 0) return;
      if (present.has(group)) continue;
      this.#groups.delete(queues);
      surplus--;
    }
  }

  #take(spec: WorkerGroup): Group {
    const known = this.#groups.get(spec.queues);
    if (known !== undefined) {
      this.#leaving.delete(known);
      return known;
    }
    const group = new Group(spec, this.#host);
    this.#groups.set(spec.queues, group);
    return group;
  }

  #leave(group: Group): void {
    this.#leaving.add(group);
    this.#groups.delete(group.spec.queues);
    this.#groups.set(group.spec.queues, group);
    group.wanted = 0;
  }

  #change(group: Group, spec: WorkerGroup): void {
    const { order } = group.spec;
    const limits = limitsOf(spec);
    const isLimited = JSON.stringify(limits) !== JSON.stringify(limitsOf(group.spec));
    group.spec = spec;
    for (const worker of group.workers) {
      if (isLimited) worker.send({ type: "limits", limits });
      if (order !== spec.order) worker.send({ type: "serve", queues: spec.queues, order: spec.order });
    }
  }

  #setWanted(): void {
    const { extra, isEmptied } = this.#byHand;
    for (const [place, group] of this.#order.entries()) {
      const { count } = group.spec;
      group.wanted = isEmptied ? 0 : Math.max(0, count + (place === 0 ? extra : 0));
    }
  }

  /** Workers of a list that shrinks go to one that grows, if they differ in nothing else. */
  #reassign(config: ResolvedConfig): void {
    const staffed = [...this].map((group) => {
      const { wanted, serving, spec } = group;
      return { group, wanted, serving, kind: spec.exec === undefined ? kindOf(config, spec) : spec.queues };
    });
    for (const { seat, from, to } of reassign<PoolWorker, (typeof staffed)[number]>(staffed)) {
      to.group.adopt(seat, from.group);
    }
  }
}

const MAX_GONE = 100;

/** What a process was started with: where this differs, another process is needed. */
function kindOf(config: ResolvedConfig, { concurrency, isolation, exec }: WorkerGroup): string {
  const { app, broker, jobs, fork, preload, hooks, heartbeat, log, environment, processGroup } = config;
  const { ttlMs } = heartbeat;
  return JSON.stringify([
    app,
    broker,
    jobs,
    fork,
    preload,
    hooks,
    ttlMs,
    log,
    environment,
    processGroup,
    concurrency,
    isolation,
    exec,
  ]);
}
