import type { Wake, Wakeups } from "../../broker/wakeups.ts";

/** Wakes the workers of this process once the turn that has the news is over, however much news it has. */
export class MemoryWakeups implements Wakeups {
  readonly #subscriptions = new Set<{ readonly wake: Wake }>();
  #pending: NodeJS.Immediate | undefined;
  #queue: string | undefined;

  /** With a name when all the news is that this queue has jobs to claim. */
  wake(queue?: string): void {
    if (this.#subscriptions.size === 0) return;
    this.#queue = this.#pending === undefined || this.#queue === queue ? queue : undefined;
    this.#pending ??= setImmediate(() => {
      this.#pending = undefined;
      // Whoever is woken may have news at once.
      const news = this.#queue;
      for (const { wake } of this.#subscriptions) wake(news);
    });
  }

  async subscribe(wake: Wake): Promise<AsyncDisposable> {
    const subscription = { wake };
    this.#subscriptions.add(subscription);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#subscriptions.delete(subscription);
      },
    };
  }

  close(): void {
    this.#subscriptions.clear();
    clearImmediate(this.#pending);
    this.#pending = undefined;
  }
}
