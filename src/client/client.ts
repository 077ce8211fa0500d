import type { Broker } from "../broker/broker.ts";
import { Coalescer } from "../broker/coalesce.ts";
import { openBroker } from "../broker/connect.ts";
import { transactionsOf } from "../broker/transactions.ts";
import type { JobDefinition } from "../job/define-job.ts";
import type { NewJob } from "../job/job.ts";
import { type EnqueueOptions, toNewJob } from "./new-job.ts";

export interface ClientOptions {
  /** Bytes a payload may have as JSON. @default 1 MiB */
  readonly maxPayloadBytes?: number | undefined;
}

/**
 * Opens a broker by its URL and returns a client of it.
 *
 * @example
 * ```ts
 * await using client = await connect("sqlite:./ganger.db");
 * const id = await client.enqueue(receipt, { orderId: 42 }, { delay: "10s" });
 * ```
 *
 * @throws `GANGER_URL_INVALID`, `GANGER_DRIVER_MISSING`, or `GANGER_BROKER_*` when the store cannot be used.
 */
export async function connect(url: string, options: ClientOptions = {}): Promise<Client> {
  return new Client(await openBroker(url), options);
}

/** The producing side: puts jobs into queues. Closing it closes its broker. */
export class Client implements AsyncDisposable {
  readonly broker: Broker;
  readonly #coalescer: Coalescer;
  readonly #maxPayloadBytes: number | undefined;

  constructor(broker: Broker, { maxPayloadBytes }: ClientOptions = {}) {
    this.broker = broker;
    this.#maxPayloadBytes = maxPayloadBytes;
    this.#coalescer = new Coalescer((jobs) => broker.enqueue(jobs));
  }

  /**
   * Adds a job and resolves with its id once the broker has it on record.
   *
   * When this rejects because the broker's answer was lost, the job may have been added.
   * With `transaction` it resolves once the job is written there, and the job exists when that commits, or not at all.
   *
   * @throws `GANGER_PAYLOAD_*` for a payload that does not fit, is no JSON or too large;
   * `GANGER_OPTION_INVALID`, `GANGER_QUEUE_INVALID` or `GANGER_DURATION_INVALID` for a bad option;
   * `GANGER_FACET_MISSING` or `GANGER_TRANSACTION_INVALID` for a transaction that the broker cannot use.
   */
  async enqueue<Input, Output>(
    definition: JobDefinition<Input, Output>,
    payload: Input,
    options?: EnqueueOptions,
  ): Promise<string> {
    const made = toNewJob(definition, payload, options, this.#maxPayloadBytes);
    const job = made instanceof Promise ? await made : made;
    if (options?.transaction === undefined) return this.#coalescer.add(job);
    const [id = ""] = await transactionsOf(this.broker).enqueue(options.transaction, [job]);
    return id;
  }

  /**
   * Adds one job per payload, all or none, and resolves with their ids in order.
   *
   * @throws as `enqueue`.
   */
  async enqueueMany<Input, Output>(
    definition: JobDefinition<Input, Output>,
    payloads: readonly Input[],
    options?: EnqueueOptions,
  ): Promise<readonly string[]> {
    const jobs: NewJob[] = [];
    for (const payload of payloads) {
      const job = toNewJob(definition, payload, options, this.#maxPayloadBytes);
      jobs.push(job instanceof Promise ? await job : job);
    }
    if (options?.transaction === undefined) return this.broker.enqueue(jobs);
    return transactionsOf(this.broker).enqueue(options.transaction, jobs);
  }

  /** Closes its broker. The same as `await using` does, for Node.js before 24. */
  async close(): Promise<void> {
    await this.broker[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
