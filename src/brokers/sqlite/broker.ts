import type { Broker } from "../../broker/broker.ts";
import type {
  Claim,
  ClaimRequest,
  HolderInfo,
  Outcome,
  Released,
  ReleaseReason,
  Settlement,
} from "../../broker/claim.ts";
import type { NewJob } from "../../job/job.ts";
import { claim, hasWork } from "./claim.ts";
import type { Connection } from "./connection.ts";
import { SqliteEdit } from "./edit.ts";
import { enqueue } from "./enqueue.ts";
import { SqliteInspect } from "./inspect.ts";
import { SqliteMaintenance } from "./maintenance.ts";
import { Queues } from "./queues.ts";
import { release } from "./release.ts";
import { settle } from "./settle.ts";
import { SqliteStore } from "./store.ts";
import { SqliteTransactions } from "./transactions.ts";
import { SqliteWakeups } from "./wakeups.ts";

/** Jobs in one SQLite file, for any number of processes on one host. */
export class SqliteBroker implements Broker {
  readonly name = "sqlite";
  readonly url: string;
  readonly inspect: SqliteInspect;
  readonly wakeups: SqliteWakeups;
  readonly edit: SqliteEdit;
  readonly store: SqliteStore;
  readonly maintenance: SqliteMaintenance;
  readonly transactions: SqliteTransactions;
  readonly schedules = undefined;
  readonly flows = undefined;
  readonly limits = undefined;
  readonly events = undefined;
  readonly stats = undefined;
  readonly #connection: Connection;
  readonly #queues: Queues;

  constructor(connection: Connection, url: string) {
    this.#connection = connection;
    this.#queues = new Queues(connection);
    this.url = url;
    this.wakeups = new SqliteWakeups(connection.location.path);
    this.inspect = new SqliteInspect(connection, this.#queues);
    this.store = new SqliteStore(connection);
    this.edit = new SqliteEdit(connection, this.#queues, this.wakeups);
    this.maintenance = new SqliteMaintenance(connection, this.wakeups);
    this.transactions = new SqliteTransactions(connection, this.wakeups);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly string[]> {
    const { ids, wakes } = await this.#connection.write((now) =>
      enqueue(this.#connection, this.#queues, jobs, now),
    );
    if (wakes) this.wakeups.wake();
    return ids;
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    // An idle worker polls: it must not take the write lock to learn that there is nothing.
    if (!this.#connection.read(() => hasWork(this.#connection, this.#queues, request))) return [];
    return this.#connection.write((now) => claim(this.#connection, this.#queues, request, now));
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    if (outcomes.length === 0)
      return { settled: [], claimed: next === undefined ? [] : await this.claim(next) };
    const { settled, wakes, claimed } = await this.#connection.write((now) => ({
      ...settle(this.#connection, this.#queues, outcomes, now),
      claimed: next === undefined ? [] : claim(this.#connection, this.#queues, next, now),
    }));
    if (wakes) this.wakeups.wake();
    return { settled, claimed };
  }

  async heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
    this.#connection.assertInPlace();
    await this.#connection.write((now) => {
      const beat = this.#connection.statement("beat");
      for (const { holder, queues } of holders) beat.run(holder, queues, now + ttlMs);
    });
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    const released = await this.#connection.write((now) => release(this.#connection, holder, reason, now));
    if (released.waiting.length > 0) this.wakeups.wake();
    return released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.transactions[Symbol.dispose]();
    this.wakeups.close();
    this.#connection.close();
  }
}
