import type { Wakeups } from "../../broker/wakeups.ts";

/** Counts how often it is woken. */
export class Listener implements AsyncDisposable {
  heard = 0;
  /** What it was called with. */
  readonly names: (string | undefined)[] = [];
  #subscription: AsyncDisposable | undefined;

  static async open(wakeups: Wakeups): Promise<Listener> {
    const listener = new Listener();
    listener.#subscription = await wakeups.subscribe((queue) => {
      listener.heard += 1;
      listener.names.push(queue);
    });
    return listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#subscription?.[Symbol.asyncDispose]();
    this.#subscription = undefined;
  }
}
