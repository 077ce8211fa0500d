import type { Broker } from "../broker/broker.ts";
import type { Claim, Outcome } from "../broker/claim.ts";
import { guarded } from "../broker/guarded.ts";
import { createMemoryBroker } from "../brokers/memory/open.ts";
import { Client } from "../client/client.ts";
import type { JobDetails } from "../job/job.ts";
import { type AnyJob, JobRegistry } from "../job/registry.ts";
import { runInline as execute } from "../worker/run/executor.ts";
import { JobRun } from "../worker/run/job-run.ts";
import { Notes } from "../worker/run/notes.ts";
import { toUnknown } from "../worker/run/outcome.ts";
import { FakeClock } from "./fake-clock.ts";

/** What a drain did, by what became of the runs. */
export interface DrainSummary {
  readonly completed: number;
  readonly retried: number;
  readonly failed: number;
}

/**
 * A queue in memory with a clock that stands still, for tests of code that
 * enqueues: nothing runs until it is told to, and waiting takes no time.
 *
 * @example
 * ```ts
 * const queue = createTestQueue([receipt]);
 * await placeOrder(queue.client);
 * assert.equal((await queue.drain()).completed, 1);
 * queue.clock.advance("1h");
 * ```
 */
export function createTestQueue(jobs: Iterable<AnyJob>): TestQueue {
  return new TestQueue(new JobRegistry(jobs));
}

export class TestQueue implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly broker: Broker = guarded(createMemoryBroker({ now: this.clock.now }));
  readonly client = new Client(this.broker);
  readonly #registry: JobRegistry;

  constructor(registry: JobRegistry) {
    this.#registry = registry;
  }

  /** Runs every job that is ready at the clock's time, and those that they enqueue, one after the other. */
  async drain(): Promise<DrainSummary> {
    const counts = { completed: 0, retried: 0, failed: 0 };
    await this.broker.heartbeat([{ holder: HOLDER, queues: "*" }], DAY_MS);
    for (;;) {
      await this.broker.maintenance?.due();
      const queues = (await this.broker.inspect?.ready()) ?? [];
      const [claim] = await this.broker.claim({ queues, limit: 1, holder: HOLDER });
      if (claim === undefined) return counts;
      const outcome = await this.#run(claim);
      await this.broker.settle([outcome]);
      if (outcome.kind === "completed") counts.completed++;
      if (outcome.kind === "retry") counts.retried++;
      if (outcome.kind === "failed") counts.failed++;
    }
  }

  find(id: string): Promise<JobDetails | undefined> {
    return this.broker.inspect?.find(id) ?? Promise.resolve(undefined);
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(claim: Claim): Promise<Outcome> {
    const definition = this.#registry.find(claim.name);
    if (definition === undefined) return toUnknown(claim);
    const notes = new Notes(this.broker);
    const run = new JobRun(claim, definition, 0, notes);
    const outcome = await new Promise<Outcome>((resolve) => execute(run, (_, settled) => resolve(settled)));
    await notes.flush();
    return outcome;
  }
}

const HOLDER = "test:0:drain";
const DAY_MS = 86_400_000;
