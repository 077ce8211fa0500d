import assert from "node:assert/strict";
import { type Client, connect, type Duration, defineJob, type JobDefinition, Worker } from "ganger";
import { eventually } from "./eventually.ts";

/**
 * Producers and workers on a store that is about to fail. What was acknowledged must run, whatever befalls
 * the store; what runs twice is counted and explained by the store's own books.
 */
export class FaultScene implements AsyncDisposable {
  readonly client: Client;
  readonly workers: readonly Worker[];
  readonly #url: string;
  readonly #clients: readonly Client[];
  readonly #runs: Map<string, number>;
  readonly #job: JobDefinition<{ n: number }, { n: number }, void>;
  readonly #acknowledged: string[] = [];
  #producing: Promise<void> | undefined;
  #isProducing = false;
  /** Calls of producers that were refused. */
  refused = 0;
  /** Outcomes that the store refused, as the claim had gone to another. */
  lost = 0;

  private constructor(url: string, clients: readonly Client[], ttl: Duration) {
    const [client, ...rest] = clients;
    if (client === undefined) throw new Error("a scene needs a client");
    this.#url = url;
    this.client = client;
    this.#clients = clients;
    const runs = new Map<string, number>();
    this.#runs = runs;
    this.#job = defineJob({
      name: "count",
      queue: "work",
      async perform(_: { n: number }, { id }) {
        runs.set(id, (runs.get(id) ?? 0) + 1);
      },
    });
    this.workers = rest.map(({ broker }) => {
      const worker = new Worker(broker, [this.#job], { queues: "work", concurrency: 5, ttl });
      worker.events.on("job:lost", () => {
        this.lost++;
      });
      return worker;
    });
  }

  /** Opens a client, and a worker for each further URL. */
  static async start(urls: readonly string[], ttl: Duration = "15s"): Promise<FaultScene> {
    const clients = await Promise.all(urls.map((url) => connect(url)));
    const scene = new FaultScene(urls[0] ?? "", clients, ttl);
    await Promise.all(scene.workers.map((worker) => worker.start()));
    return scene;
  }

  /** Enqueues without an end; what is refused is not tried again. */
  produce(): void {
    this.#isProducing = true;
    this.#producing = this.#enqueueOn();
  }

  async stopProducing(): Promise<void> {
    this.#isProducing = false;
    await this.#producing;
  }

  /** Resolves when a job that is enqueued from now on has run; fails when that takes longer than a store's users bear. */
  async worksWithin(ms: number): Promise<void> {
    const start = performance.now();
    const id = await eventually(
      "a job is accepted",
      () => this.client.enqueue(this.#job, { n: -1 }).catch(() => undefined),
      ms,
    );
    this.#acknowledged.push(id);
    await eventually("a job runs", () => this.#runs.has(id), ms - (performance.now() - start));
  }

  /** Waits until all that was acknowledged has run, and holds that against the store's books. */
  async everythingRan(): Promise<void> {
    await this.stopProducing();
    await eventually(
      () => `all ran; missing ${this.#acknowledged.filter((id) => !this.#runs.has(id)).length}`,
      () => this.#acknowledged.every((id) => this.#runs.has(id)),
    );
    const { inspect, maintenance } = this.client.broker;
    await eventually("nothing is left to run", async () => {
      const found = (await inspect?.queues())?.find(({ queue }) => queue === "work");
      return (
        found !== undefined && found.counts.waiting + found.counts.running + found.counts.scheduled === 0
      );
    });
    const counts = (await inspect?.queues())?.find(({ queue }) => queue === "work")?.counts;
    assert.equal(counts?.failed, 0);
    // A job whose enqueueing was refused may be there all the same, and then it ran.
    assert.equal(counts?.completed, this.#runs.size);
    const findings = (await maintenance?.doctor()) ?? [];
    assert.deepEqual(
      findings.filter(({ level }) => level === "error"),
      [],
    );
  }

  /** What the doctor of a process that was not there says by one name, as soon as it says any of it. */
  async findings(check: string): Promise<readonly string[]> {
    await using late = await connect(this.#url);
    return await eventually(`a finding ${check}`, async () => {
      const found = (await late.broker.maintenance?.doctor()) ?? [];
      const messages = found.flatMap((each) => (each.check === check ? [each.message] : []));
      return messages.length > 0 && messages;
    });
  }

  /** How many runs there were of jobs that had run before. */
  get duplicates(): number {
    let count = 0;
    for (const runs of this.#runs.values()) count += runs - 1;
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopProducing();
    await Promise.all(this.workers.map((worker) => worker.drain({ timeout: "2s" })));
    await Promise.all(this.#clients.map((client) => client[Symbol.asyncDispose]()));
  }

  async #enqueueOn(): Promise<void> {
    while (this.#isProducing) {
      const batch = Array.from({ length: 20 }, (_, n) => this.client.enqueue(this.#job, { n }));
      for (const result of await Promise.allSettled(batch)) {
        if (result.status === "fulfilled") this.#acknowledged.push(result.value);
        else this.refused++;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }
}
