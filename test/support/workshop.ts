import { expect } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { Client } from "../../src/client/client.ts";
import type { JobDetails } from "../../src/job/job.ts";
import type { AnyJob } from "../../src/job/registry.ts";
import { isFinished } from "../../src/job/states.ts";
import type { WorkerOptions } from "../../src/worker/options.ts";
import { Worker } from "../../src/worker/worker.ts";

/** Asks again and again until the answer is as expected, and gives up only when something is really wrong. */
export function poll<Answer>(ask: () => Answer) {
  return expect.poll(ask, { timeout: 15_000, interval: 3 });
}

/** A broker, a client to give it jobs and a worker that does them once it is started. */
export class Workshop implements AsyncDisposable {
  readonly broker: Broker;
  readonly client: Client;
  readonly worker: Worker;

  constructor(
    jobs: readonly unknown[],
    options: WorkerOptions = {},
    broker: Broker = guarded(createMemoryBroker()),
  ) {
    this.broker = broker;
    this.client = new Client(broker);
    this.worker = new Worker(broker, jobs as readonly AnyJob[], { ledger: false, ...options });
  }

  static async start(jobs: readonly unknown[], options?: WorkerOptions, broker?: Broker): Promise<Workshop> {
    const workshop = new Workshop(jobs, options, broker);
    await workshop.worker.start();
    return workshop;
  }

  async find(id: string): Promise<JobDetails> {
    const job = await this.broker.inspect?.find(id);
    if (job === undefined) throw new Error(`There is no job ${id}`);
    return job;
  }

  async stateOf(id: string): Promise<string> {
    return (await this.find(id)).state;
  }

  /** A job once nothing more will happen to it. */
  async finished(id: string): Promise<JobDetails> {
    await poll(async () => isFinished((await this.find(id)).state)).toBe(true);
    return this.find(id);
  }

  async allFinished(ids: readonly string[]): Promise<readonly JobDetails[]> {
    return Promise.all(ids.map((id) => this.finished(id)));
  }

  /** Claims of the worker that have no outcome on record. */
  async held(): Promise<number> {
    const holders = (await this.broker.inspect?.holders()) ?? [];
    return holders.find(({ holder }) => holder === this.worker.holder)?.held ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.drain({ timeout: 0, grace: 0 });
    await this.broker[Symbol.asyncDispose]();
  }
}
