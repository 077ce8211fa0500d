import type { Wakeups } from "../../broker/wakeups.ts";
import { Link } from "./link.ts";
import type { RabbitmqLocation } from "./location.ts";
import { listen } from "./news.ts";
import type { Topology } from "./topology.ts";

/** Wakes by the news that everybody tells, and by what comes to this process. */
export class RabbitmqWakeups implements Wakeups {
  readonly #subscriptions = new Set<{ readonly wake: () => void }>();
  readonly #link: Link<true>;
  #pending: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(location: RabbitmqLocation, topology: Topology) {
    this.#link = new Link<true>(location, {
      heartbeatSeconds: 0,
      setUp: async (wire) => {
        await listen(wire, topology, () => this.wake());
        return true;
      },
      onLost: () => this.#lost(),
    });
  }

  /** There is something new in this process. */
  wake(): void {
    if (this.#subscriptions.size === 0) return;
    this.#pending ??= setImmediate(() => {
      this.#pending = undefined;
      for (const { wake } of this.#subscriptions) wake();
    });
  }

  async subscribe(wake: () => void): Promise<AsyncDisposable> {
    const subscription = { wake };
    this.#subscriptions.add(subscription);
    try {
      await this.#link.open();
    } catch (error) {
      this.#subscriptions.delete(subscription);
      throw error;
    }
    return {
      [Symbol.asyncDispose]: async () => {
        this.#subscriptions.delete(subscription);
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#subscriptions.clear();
    clearImmediate(this.#pending);
    clearTimeout(this.#retry);
    await this.#link.close();
  }

  /** Listens again as soon as it can be; what was told meanwhile is one piece of news. */
  #lost(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#link.open().then(
        () => this.wake(),
        () => this.#lost(),
      );
    }, RETRY_MS);
    this.#retry.unref();
  }
}

const RETRY_MS = 500;
