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
import { Claimer } from "./claimer.ts";
import type { Connections } from "./connections.ts";
import { Database } from "./database.ts";
import { MysqlEdit } from "./edit.ts";
import { enqueue } from "./enqueue.ts";
import { beat } from "./heartbeat.ts";
import { MysqlInspect } from "./inspect.ts";
import { MysqlMaintenance } from "./maintenance.ts";
import { Queues } from "./queues.ts";
import { release } from "./release.ts";
import { areCompleted, settle, targetsOf } from "./settle.ts";
import { MysqlStore } from "./store.ts";
import { MysqlTransactions } from "./transactions.ts";
import { MysqlWakeups } from "./wakeups.ts";

/** Jobs in a database of MySQL or MariaDB, for any number of processes on any number of hosts. */
export class MysqlBroker implements Broker {
  readonly name = "mysql";
  readonly url: string;
  readonly inspect: MysqlInspect;
  readonly wakeups: MysqlWakeups;
  readonly edit: MysqlEdit;
  readonly store: MysqlStore;
  readonly maintenance: MysqlMaintenance;
  readonly transactions: MysqlTransactions;
  readonly schedules = undefined;
  readonly flows = undefined;
  readonly limits = undefined;
  readonly events = undefined;
  readonly stats = undefined;
  readonly #connections: Connections;
  readonly #database: Database;
  readonly #queues: Queues;
  readonly #claimer: Claimer;

  constructor(connections: Connections, url: string) {
    const database = new Database(connections);
    const queues = new Queues(database);
    this.#connections = connections;
    this.#database = database;
    this.#queues = queues;
    this.url = url;
    this.wakeups = new MysqlWakeups(database);
    this.#claimer = new Claimer(database, queues, () => this.wakeups.announce());
    this.inspect = new MysqlInspect(database, queues);
    this.store = new MysqlStore(database);
    this.edit = new MysqlEdit(database, queues, this.wakeups);
    this.maintenance = new MysqlMaintenance(database, this.wakeups);
    this.transactions = new MysqlTransactions(database, queues);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly string[]> {
    await this.#queues.ensure(jobs.map(({ queue }) => queue));
    const store = { database: this.#database, queues: this.#queues };
    return this.#database.write((transaction) => enqueue(store, transaction, jobs));
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    const claims = await this.#claimer.claim(request);
    this.wakeups.pace(claims.length < request.limit);
    return claims;
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    if (outcomes.length === 0)
      return { settled: [], claimed: next === undefined ? [] : await this.claim(next) };
    if (!areCompleted(outcomes)) {
      const settled = await this.#settle(outcomes);
      return { settled, claimed: next === undefined ? [] : await this.#claimAfter(next) };
    }
    const settlement = await this.#claimer.complete(outcomes, next);
    this.#claimer.lost.end(outcomes);
    if (next !== undefined) this.wakeups.pace(settlement.claimed.length < next.limit);
    return settlement;
  }

  async heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
    await beat(this.#database, holders, ttlMs);
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    const released = await this.#database.write((transaction) =>
      release(this.#database, transaction, { holder, reason }),
    );
    if (released === undefined) return { waiting: [], poisoned: [] };
    for (const ids of [released.waiting, released.poisoned])
      this.#claimer.lost.end(ids.map((id) => ({ id })));
    if (released.waiting.length > 0) this.wakeups.announce();
    return released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.wakeups.close();
    await this.#database.countDeadlocks().catch(() => {});
    await this.#connections.close();
  }

  /** Outcomes that are on record must be answered for, whatever became of the claim behind them: the next call will tell. */
  async #claimAfter(next: ClaimRequest): Promise<readonly Claim[]> {
    try {
      return await this.claim(next);
    } catch {
      return [];
    }
  }

  async #settle(outcomes: readonly Outcome[]): Promise<readonly boolean[]> {
    await this.#queues.ensure(targetsOf(outcomes));
    const { settled, isNews } = await this.#database.write((transaction) =>
      settle(this.#database, this.#queues, transaction, outcomes),
    );
    this.#claimer.lost.end(outcomes);
    if (isNews) this.wakeups.announce();
    return settled;
  }
}
