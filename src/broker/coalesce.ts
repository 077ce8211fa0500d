import { type ErrorCode, isGangerError } from "../errors.ts";
import type { NewJob } from "../job/job.ts";

/** What a broker says of a bad job before it touches its store. */
const REFUSALS: readonly ErrorCode[] = [
  "GANGER_QUEUE_INVALID",
  "GANGER_JOB_INVALID",
  "GANGER_OPTION_INVALID",
  "GANGER_PAYLOAD_LARGE",
];

type EnqueueBatch = (jobs: readonly NewJob[]) => Promise<readonly string[]>;

interface Pending {
  readonly job: NewJob;
  readonly resolve: (id: string) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Joins the enqueues of one tick into one batch. A lone one waits for nothing
 * but the end of its tick; each resolves when the store has its own job.
 */
export class Coalescer {
  readonly #enqueue: EnqueueBatch;
  readonly #maxBatch: number;
  #pending: Pending[] = [];

  constructor(enqueue: EnqueueBatch, maxBatch = 1000) {
    this.#enqueue = enqueue;
    this.#maxBatch = maxBatch;
  }

  add(job: NewJob): Promise<string> {
    return new Promise((resolve, reject) => {
      // A tick callback set from a microtask runs when all microtasks are done, so that a
      // hundred continuations of the batch before make one batch again.
      if (this.#pending.length === 0) queueMicrotask(() => process.nextTick(() => this.#flush()));
      this.#pending.push({ job, resolve, reject });
    });
  }

  #flush(): void {
    const all = this.#pending;
    this.#pending = [];
    for (let from = 0; from < all.length; from += this.#maxBatch) {
      void this.#send(all.slice(from, from + this.#maxBatch));
    }
  }

  async #send(batch: readonly Pending[]): Promise<void> {
    try {
      const ids = await this.#enqueue(batch.map(({ job }) => job));
      for (const [place, { resolve }] of batch.entries()) resolve(ids[place] ?? "");
    } catch (error) {
      // One bad job must not fail its neighbours: each is tried by itself. After any other
      // failure the jobs may be there all the same, and must not be added twice.
      const isRefused = REFUSALS.some((code) => isGangerError(error, code));
      if (batch.length > 1 && isRefused) for (const pending of batch) await this.#send([pending]);
      else for (const { reject } of batch) reject(error);
    }
  }
}
