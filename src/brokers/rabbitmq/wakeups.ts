import type { Wakeups } from "../../broker/wakeups.ts";
import type { Link } from "./link.ts";
import { Mentions } from "./mentions.ts";
import type { Watch } from "./watch.ts";

/** Wakes by the news that everybody tells, and by what comes to this process. */
export class RabbitmqWakeups implements Wakeups {
  readonly #subscriptions = new Set<{ readonly wake: (queue?: string) => void }>();
  readonly #watch: Link<Watch>;
  readonly #mentions = new Mentions();
  #pending: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(watch: Link<Watch>) {
    this.#watch = watch;
  }

  /** There is something new, of one queue or of any. */
  wake(queue?: string): void {
    if (this.#subscriptions.size === 0) return;
    this.#mentions.add(queue);
    this.#pending ??= setImmediate(() => {
      this.#pending = undefined;
      const queues = this.#mentions.take();
      for (const { wake } of this.#subscriptions) for (const each of queues) wake(each);
    });
  }

  async subscribe(wake: (queue?: string) => void): Promise<AsyncDisposable> {
    const subscription = { wake };
    this.#subscriptions.add(subscription);
    try {
      await this.#watch.open();
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

  close(): void {
    this.#isClosed = true;
    this.#subscriptions.clear();
    clearImmediate(this.#pending);
    clearTimeout(this.#retry);
  }

  /** Listens again as soon as it can be; what was told meanwhile is one piece of news. */
  lost(): void {
    if (this.#isClosed || this.#subscriptions.size === 0) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#watch.open().then(
        () => this.wake(),
        () => this.lost(),
      );
    }, RETRY_MS);
    this.#retry.unref();
  }
}

const RETRY_MS = 500;
