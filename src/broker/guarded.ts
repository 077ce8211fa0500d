import { GangerError } from "../errors.ts";
import type { NewJob } from "../job/job.ts";
import { assertJobName, assertQueueName } from "../job/names.ts";
import type { Broker } from "./broker.ts";
import type { ClaimRequest, HolderInfo, Outcome, Released, ReleaseReason, Settlement } from "./claim.ts";
import type { Edit } from "./edit.ts";
import type { Transactions } from "./transactions.ts";

export const MAX_CLAIM = 10_000;
const MAX_PRIORITY = 1_000_000_000;
/** The last millisecond that a `Date` can name. */
const MAX_TIME = 8.64e15;

/** Wraps a broker with what all of them need: arguments are checked once, and nothing is used after its end. */
export function guarded(broker: Broker): Broker {
  return new GuardedBroker(broker);
}

class GuardedBroker implements Broker {
  readonly #broker: Broker;
  #edit: Edit | undefined;
  #transactions: Transactions | undefined;
  #closed: Promise<void> | undefined;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  get name() {
    return this.#broker.name;
  }
  get url() {
    return this.#broker.url;
  }
  get inspect() {
    return this.#open().inspect;
  }
  get counts() {
    const { counts, inspect } = this.#open();
    return counts ?? inspect;
  }
  get wakeups() {
    return this.#open().wakeups;
  }
  get edit() {
    const { edit } = this.#open();
    if (edit !== undefined) this.#edit ??= guardedEdit(edit);
    return this.#edit;
  }
  get schedules() {
    return this.#open().schedules;
  }
  get flows() {
    return this.#open().flows;
  }
  get limits() {
    return this.#open().limits;
  }
  get events() {
    return this.#open().events;
  }
  get stats() {
    return this.#open().stats;
  }
  get store() {
    return this.#open().store;
  }
  get transactions() {
    const { transactions } = this.#open();
    if (transactions !== undefined) this.#transactions ??= guardedTransactions(transactions);
    return this.#transactions;
  }
  get maintenance() {
    return this.#open().maintenance;
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly string[]> {
    const broker = this.#open();
    for (const job of jobs) assertNewJob(job);
    return jobs.length === 0 ? [] : broker.enqueue(jobs);
  }

  async claim(request: ClaimRequest) {
    const broker = this.#open();
    assertRequest(request);
    return request.queues.length === 0 ? [] : broker.claim(request);
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    const broker = this.#open();
    if (next !== undefined) assertRequest(next);
    for (const outcome of outcomes) assertOutcome(outcome);
    return broker.settle(outcomes, next);
  }

  async heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
    const broker = this.#open();
    assertRange("ttlMs", ttlMs, 1, 86_400_000);
    if (holders.length > 0) await broker.heartbeat(holders, ttlMs);
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    return this.#open().release(holder, reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= Promise.resolve(this.#broker[Symbol.asyncDispose]());
    await this.#closed;
  }

  #open(): Broker {
    if (this.#closed === undefined) return this.#broker;
    throw new GangerError("GANGER_BROKER_CLOSED", `The ${this.#broker.name} broker is closed`, {
      hint: "Close it after its last use, or open another.",
    });
  }
}

/** The same for changes that people make. */
function guardedEdit(edit: Edit): Edit {
  return {
    cancel: (ids) => edit.cancel(ids),
    retry: (ids) => edit.retry(ids),
    async move(ids, queue) {
      assertQueueName(queue);
      return edit.move(ids, queue);
    },
    async prioritize(ids, priority) {
      assertRange("priority", priority, -MAX_PRIORITY, MAX_PRIORITY);
      return edit.prioritize(ids, priority);
    },
    tag: (ids, change) => edit.tag(ids, change),
    clear: (queue, state) => edit.clear(queue, state),
    annotate: (notes) => edit.annotate(notes),
  };
}

/** The same for what is done in the transactions of users. */
function guardedTransactions(transactions: Transactions): Transactions {
  return {
    async enqueue(connection, jobs) {
      assertConnection(connection);
      for (const job of jobs) assertNewJob(job);
      return jobs.length === 0 ? [] : transactions.enqueue(connection, jobs);
    },
    async settle(connection, outcomes) {
      assertConnection(connection);
      for (const outcome of outcomes) assertOutcome(outcome);
      return outcomes.length === 0 ? [] : transactions.settle(connection, outcomes);
    },
    annotate: transactions.annotate?.bind(transactions),
  };
}

/** A program in JavaScript may hand over anything. */
function assertConnection(connection: unknown): void {
  if (typeof connection === "object" && connection !== null) return;
  const what = connection === null ? "null" : `a ${typeof connection}`;
  throw new GangerError("GANGER_TRANSACTION_INVALID", `The transaction is ${what}`, {
    hint: "Give the connection on which you have opened a transaction.",
  });
}

function assertOutcome(outcome: Outcome): void {
  if (outcome.kind === "advanced") assertQueueName(outcome.queue);
}

function assertNewJob(job: NewJob): void {
  const { queue, name, priority = 0, delayMs, runAtMs, maxCrashes = 1 } = job;
  assertJobName(name);
  assertQueueName(queue);
  assertTexts(job);
  assertRange("priority", priority, -MAX_PRIORITY, MAX_PRIORITY);
  assertRange("maxCrashes", maxCrashes, 1, 1_000_000);
  if (delayMs !== undefined) assertRange("delayMs", delayMs, 0, MAX_TIME);
  if (runAtMs !== undefined) assertRange("runAtMs", runAtMs, 0, MAX_TIME);
  if (delayMs === undefined || runAtMs === undefined) return;
  throw new GangerError("GANGER_OPTION_INVALID", "A job has both a delay and a time to run at", {
    hint: "Give one of them.",
  });
}

/** A program in JavaScript may hand over anything, which would fail the neighbours of its tick in the store. */
function assertTexts({ payload, options = "", tags = [] }: NewJob): void {
  const isFit = [payload, options].every(isText) && Array.isArray(tags) && tags.every(isText);
  if (isFit) return;
  throw new GangerError("GANGER_OPTION_INVALID", "A job's payload, options or tags are no text", {
    hint: "Give texts for payload and options, and a list of texts for tags.",
  });
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function assertRequest({ limit }: ClaimRequest): void {
  assertRange("limit", limit, 1, MAX_CLAIM);
}

function assertRange(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new GangerError("GANGER_OPTION_INVALID", `${what} is ${value}`, {
    hint: `Give a whole number from ${min} to ${max}.`,
  });
}
