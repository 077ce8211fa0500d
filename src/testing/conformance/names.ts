import type { Broker } from "../../broker/broker.ts";

const AT_ONCE = 20;

/** The names of one case, each with its prefix, and how to clear what was left under them. */
export class Names {
  readonly prefix: string;
  readonly #queues = new Set<string>();
  readonly #holders = new Set<string>();

  constructor(prefix: string) {
    this.prefix = prefix;
  }

  queue(name = "main"): string {
    const full = `${this.prefix}:${name}`;
    this.#queues.add(full);
    return full;
  }

  holder(name = "worker"): string {
    const full = `${this.prefix}:${name}`;
    this.#holders.add(full);
    return full;
  }

  /** Releases all holders, empties all queues and deletes all documents of this prefix. */
  async clear(broker: Broker): Promise<void> {
    for (const holder of this.#holders) await broker.release(holder, { kind: "interrupted", started: [] });
    const { edit, store } = broker;
    const clear = async (queue: string) => edit?.clear(queue);
    // What is cancelled by the first round is deleted by the second.
    for (let round = 0; round < 2; round++) {
      const queues = await this.#withJobs(broker);
      for (let from = 0; from < queues.length; from += AT_ONCE) {
        await Promise.all(queues.slice(from, from + AT_ONCE).map(clear));
      }
    }
    for (const { key } of (await store?.list(this.prefix)) ?? []) await store?.delete(key);
  }

  /** A case may have ten thousand queues, and have left nothing in any. */
  async #withJobs({ inspect }: Broker): Promise<readonly string[]> {
    if (inspect === undefined) return [...this.#queues];
    const queues = await inspect.queues();
    const full = queues.filter(({ counts }) => Object.values(counts).some((count) => count > 0));
    return full.map(({ queue }) => queue).filter((queue) => this.#queues.has(queue));
  }
}
