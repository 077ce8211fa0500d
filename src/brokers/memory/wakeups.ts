import type { Wakeups } from "../../broker/wakeups.ts";

/** Wakes the workers of this process once the turn that has the news is over, however much news it has. */
export class MemoryWakeups implements Wakeups {
  readonly #subscriptions = new Set<{ readonly wake: () => void }>();
  #pending: NodeJS.Immediate | undefined;

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
