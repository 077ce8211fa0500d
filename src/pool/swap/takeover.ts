import type { ControlClient } from "../../control/client.ts";
import { GangerError } from "../../errors.ts";
import type { Manager } from "../manager.ts";

export interface TakeoverOptions {
  readonly client: ControlClient;
  /** Never more than one worker too many in a group, also not while the old ones finish. */
  readonly isFrugal: boolean;
  /** All workers are ready here. The old manager is told to go when this has resolved. */
  readonly onReady: () => Promise<void>;
  /** The old manager has been told to go. */
  readonly onDone: () => void;
  readonly onFailed: (error: GangerError) => void;
}

/**
 * Takes over from a running manager of the same application: for each worker that
 * is ready here, one is drained there. There are never fewer than wanted. Until the
 * end of it the old manager takes everything back, should this one go.
 */
export class Takeover {
  readonly #manager: Manager;
  readonly #options: TakeoverOptions;
  readonly #asked = new Map<string, number>();
  #isOver = false;

  constructor(manager: Manager, options: TakeoverOptions) {
    this.#manager = manager;
    this.#options = options;
    if (options.isFrugal) for (const group of manager.groups) group.limit = 1;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  start(): void {
    this.#options.client.send({ type: "handover", pid: process.pid });
    void this.#listen();
  }

  /** To be called after every change. */
  check(): void {
    // One that is ending itself wants no workers, and takes over nothing.
    if (this.#isOver || this.#manager.isStopping) return;
    const groups = [...this.#manager.groups];
    const failing = groups.find((group) => group.describe(performance.now()).failing !== undefined);
    if (failing !== undefined) return this.#fail(`the workers of ${failing.spec.queues} do not come up`);
    for (const { spec, serving, wanted } of groups) {
      const ready = serving.filter(({ state }) => state === "running").length;
      if (ready <= (this.#asked.get(spec.queues) ?? 0)) continue;
      this.#asked.set(spec.queues, ready);
      this.#options.client.send({ type: "yield", queues: spec.queues, to: Math.max(0, wanted - ready) });
    }
    if (groups.every(({ spec, wanted }) => (this.#asked.get(spec.queues) ?? 0) >= wanted))
      void this.#commit();
  }

  async #listen(): Promise<void> {
    for await (const answer of this.#options.client.answers()) {
      if (answer.type === "failed") return this.#fail(answer.failure.message);
      if (answer.type === "left") this.#left(answer.workers);
    }
    // The old one is gone without a word: there is nobody left to take over from.
    await this.#commit();
  }

  #left(workers: Readonly<Record<string, number>>): void {
    if (!this.#options.isFrugal || this.#isOver) return;
    for (const group of this.#manager.groups) {
      const left = workers[group.spec.queues] ?? 0;
      group.limit = left === 0 ? Number.POSITIVE_INFINITY : Math.max(1, group.wanted - left + 1);
      group.converge();
    }
    this.#manager.changed();
  }

  async #commit(): Promise<void> {
    if (this.#isOver || this.#manager.isStopping) return;
    this.#isOver = true;
    await this.#options.onReady();
    // The old one takes everything back.
    if (this.#manager.isStopping) return this.#options.client[Symbol.dispose]();
    this.#options.client.send({ type: "commit" });
    for (const group of this.#manager.groups) group.limit = Number.POSITIVE_INFINITY;
    this.#manager.groups.converge();
    this.#options.onDone();
  }

  #fail(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.client[Symbol.dispose]();
    const message = `The running pool was not taken over, and goes on: ${reason}`;
    this.#options.onFailed(
      new GangerError("GANGER_ROLLOUT_FAILED", message, { hint: "See the log of this one." }),
    );
  }
}
