import { type Client, connect, defineJob, isGangerError, Worker } from "ganger";
import { eventually } from "./eventually.ts";
import { Proxy } from "./proxy.ts";

let lines = 0;

/** A producer and a worker on one server, over a network that can fail. */
export class RabbitmqLine implements AsyncDisposable {
  readonly proxy: Proxy;
  readonly url: string;
  readonly accepted = new Set<string>();
  /** How often each job ran. */
  readonly ran = new Map<string, number>();
  readonly #client: Client;
  readonly #own: Client;
  readonly #worker: Worker;
  readonly #job;
  readonly #startedAt = performance.now();
  #isProducing = true;
  #producing: Promise<void> | undefined;

  private constructor(proxy: Proxy, url: string, clients: readonly [Client, Client]) {
    this.proxy = proxy;
    this.url = url;
    [this.#client, this.#own] = clients;
    this.#job = defineJob({
      name: "count",
      queue: "line",
      attempts: 5,
      perform: (_: number, { id }) => {
        this.ran.set(id, (this.ran.get(id) ?? 0) + 1);
      },
    });
    this.#worker = new Worker(this.#own.broker, [this.#job], { queues: "line", concurrency: 10 });
  }

  static async open(port: number): Promise<RabbitmqLine> {
    const proxy = await Proxy.start(port);
    const url = `amqp://guest:guest@127.0.0.1:${proxy.port}?prefix=line${lines++}&heartbeat=2`;
    const line = new RabbitmqLine(proxy, url, [await connect(url), await connect(url)]);
    await line.#worker.start();
    line.#producing = line.#produce();
    await line.goesOn();
    return line;
  }

  /** Waits until a job that is accepted from now on has run. */
  async goesOn(withinMs = 20_000): Promise<number> {
    const start = performance.now();
    const before = new Set(this.accepted);
    await eventually(
      "a new job runs",
      () => [...this.accepted].some((id) => !before.has(id) && this.ran.has(id)),
      withinMs,
    );
    return performance.now() - start;
  }

  /** The id of a job that is not to run before. */
  enqueueLater(delayMs: number): Promise<string> {
    return this.#client.enqueue(this.#job, 1, { delay: delayMs });
  }

  /** Waits until it has lived for so long. */
  async lives(ms: number): Promise<void> {
    await eventually("it is old enough", () => performance.now() - this.#startedAt > ms);
  }

  /** What a client says that is new. */
  async refusal(): Promise<string | undefined> {
    try {
      await using client = await connect(this.url);
      await client.enqueue(this.#job, 1);
      return undefined;
    } catch (error) {
      return isGangerError(error) ? error.code : String(error);
    }
  }

  /** Stops producing, and waits until everything that was accepted has run. */
  async drain(): Promise<{ readonly twice: number }> {
    this.#isProducing = false;
    await this.#producing;
    await eventually(
      () => `all ran: ${this.#missing().length} of ${this.accepted.size} did not`,
      () => this.#missing().length === 0,
    );
    return { twice: [...this.ran.values()].filter((times) => times > 1).length };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isProducing = false;
    await this.#producing;
    await this.#worker.drain({ timeout: "1s" });
    await this.#own[Symbol.asyncDispose]();
    await this.#client[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
  }

  #missing(): readonly string[] {
    return [...this.accepted].filter((id) => !this.ran.has(id));
  }

  async #produce(): Promise<void> {
    while (this.#isProducing) {
      try {
        this.accepted.add(await this.#client.enqueue(this.#job, 1));
      } catch (error) {
        // A call that was rejected may have been done: only what was accepted is counted.
        if (!isGangerError(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
