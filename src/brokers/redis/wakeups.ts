import type { Wake, Wakeups } from "../../broker/wakeups.ts";
import { watch } from "./connection.ts";
import { createClient, type RedisClient } from "./driver.ts";
import type { RedisLocation } from "./location.ts";
import { toText } from "./rows.ts";

/**
 * Wakes by publish and subscribe, on a connection of its own that is made for the first who listens. Every node of
 * a cluster passes messages on. When the connection comes back everybody is woken, as something may have been missed.
 */
export class RedisWakeups implements Wakeups {
  readonly #location: RedisLocation;
  readonly #listeners = new Set<{ readonly wake: Wake }>();
  #client: Promise<RedisClient> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(location: RedisLocation) {
    this.#location = location;
  }

  /** Resolves once it listens, or when that takes too long; it goes on trying then. */
  async subscribe(wake: Wake): Promise<AsyncDisposable> {
    const listener = { wake };
    this.#listeners.add(listener);
    this.#client ??= this.#open();
    await this.#client;
    return {
      [Symbol.asyncDispose]: async () => {
        this.#listeners.delete(listener);
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners.clear();
    clearInterval(this.#timer);
    void this.#client?.then((client) => client.disconnect());
  }

  async #open(): Promise<RedisClient> {
    const client = await createClient({ ...this.#location, db: 0 });
    watch(client);
    client.on("message", (_channel, queue) => this.#wake(toText(queue) || undefined));
    const listening = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#location.timeoutMs);
      const listen = async () => {
        await this.#listen(client);
        clearTimeout(timer);
        resolve();
      };
      client.on("ready", () => void listen());
    });
    // It comes back by itself: a server that is gone now is tried again.
    client.connect().catch(() => undefined);
    this.#timer = setInterval(() => void this.#check(client), CHECK_MS);
    await listening;
    if (this.#isClosed) client.disconnect();
    return client;
  }

  async #listen(client: RedisClient): Promise<void> {
    try {
      await client.subscribe(`${this.#location.prefix}:wake`);
      this.#wake();
    } catch {
      // The connection broke meanwhile, and is made again; or this user may not listen, and workers poll.
    }
  }

  /** A half-open connection hears nothing and does not know it. */
  async #check(client: RedisClient): Promise<void> {
    if (client.status !== "ready") return;
    try {
      await client.call("PING", []);
    } catch {
      client.disconnect(true);
    }
  }

  #wake(queue?: string): void {
    for (const { wake } of this.#listeners) wake(queue);
  }
}

const CHECK_MS = 10_000;
