import type { Wakeups } from "../../broker/wakeups.ts";

/** Counts how often it is woken. */
export class Listener implements AsyncDisposable {
  heard = 0;
  #subscription: AsyncDisposable | undefined;

  static async open(wakeups: Wakeups): Promise<Listener> {
    const listener = new Listener();
    listener.#subscription = await wakeups.subscribe(() => {
      listener.heard += 1;
    });
    return listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscription?.[Symbol.asyncDispose]();
    this.#subscription = undefined;
  }
}
