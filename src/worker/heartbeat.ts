import type { Broker } from "../broker/broker.ts";
import { type Keeper, startKeeper } from "./keeper.ts";
import type { ResolvedWorkerOptions } from "./options.ts";

/** What keeps a worker alive in the eyes of the broker, unless somebody else does. */
export class Heartbeat {
  readonly #broker: Broker;
  readonly #options: ResolvedWorkerOptions;
  /** The queue list that the broker is told. */
  label: string;
  /** A promise, so that nobody who asks meanwhile starts another. */
  #keeper: Promise<Keeper> | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(broker: Broker, options: ResolvedWorkerOptions) {
    this.#broker = broker;
    this.#options = options;
    this.label = options.list.label;
  }

  async beat(): Promise<void> {
    const { holder, ttlMs } = this.#options;
    await this.#broker.heartbeat([{ holder, queues: this.label }], ttlMs);
  }

  /** Keeps it by a thread from now on, whoever kept it before. */
  async keep(): Promise<void> {
    this.#keeper ??= this.#start();
    await this.#keeper;
  }

  /** Leaves it to somebody else again. */
  async leave(): Promise<void> {
    const keeper = this.#keeper;
    this.#keeper = undefined;
    await this.#beating;
    await (await keeper)?.stop();
  }

  /** Says from now on that the worker serves other queues. */
  async relabel(label: string): Promise<void> {
    this.label = label;
    if (this.#keeper === undefined) {
      // Whoever keeps it says so with the next beat, should this one not arrive.
      this.#beating = this.beat().catch(() => undefined);
      await this.#beating;
      return;
    }
    this.#keeper = this.#restart(this.#keeper);
    await this.#keeper;
  }

  async #restart(old: Promise<Keeper>): Promise<Keeper> {
    const keeper = await old;
    await keeper.stop();
    return this.#start();
  }

  #start(): Promise<Keeper> {
    const { holder, ttlMs, heartbeat, ledger } = this.#options;
    const about = { holder, queues: this.label, ttlMs, isAlone: heartbeat === "thread" };
    return startKeeper(this.#broker, { ...about, ledger: ledger === false ? undefined : ledger });
  }
}
