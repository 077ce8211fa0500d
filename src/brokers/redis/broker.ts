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
import type { Connection } from "./connection.ts";
import { RedisEdit } from "./edit.ts";
import { toEnqueueArguments, toIds } from "./enqueue.ts";
import { toClaims, toGroups, toRequest, toSettled } from "./exchange.ts";
import { RedisInspect } from "./inspect.ts";
import { RedisMaintenance } from "./maintenance.ts";
import { Outstanding } from "./outstanding.ts";
import { release } from "./release.ts";
import { toList, toNumber } from "./rows.ts";
import { RedisStore } from "./store.ts";
import { RedisWakeups } from "./wakeups.ts";

/** Jobs on a Redis or Valkey server, for any number of hosts. Every call is one script, which the server runs at one moment. */
export class RedisBroker implements Broker {
  readonly name = "redis";
  readonly url: string;
  readonly inspect: RedisInspect;
  readonly wakeups: RedisWakeups;
  readonly edit: RedisEdit;
  readonly store: RedisStore;
  readonly maintenance: RedisMaintenance;
  readonly schedules = undefined;
  readonly flows = undefined;
  readonly limits = undefined;
  readonly events = undefined;
  readonly stats = undefined;
  readonly transactions = undefined;
  readonly #connection: Connection;
  readonly #outstanding = new Outstanding();

  constructor(connection: Connection, url: string) {
    this.#connection = connection;
    this.url = url;
    this.wakeups = new RedisWakeups(connection.location);
    this.inspect = new RedisInspect(connection);
    this.store = new RedisStore(connection);
    this.edit = new RedisEdit(connection);
    this.maintenance = new RedisMaintenance(connection, this.inspect);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly string[]> {
    const { args, places } = toEnqueueArguments(jobs);
    return toIds(await this.#connection.run("enqueue", args), places);
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    return (await this.#exchange([], request)).claimed;
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    if (outcomes.length === 0 && next === undefined) return { settled: [], claimed: [] };
    return this.#exchange(outcomes, next);
  }

  async heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
    const args = holders.flatMap(({ holder, queues }) => [holder, queues]);
    await this.#connection.run("heartbeat", [ttlMs, ...args]);
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    const released = (await release(this.#connection, holder, reason)) ?? { waiting: [], poisoned: [] };
    for (const ids of [released.waiting, released.poisoned]) this.#outstanding.end(ids.map((id) => ({ id })));
    return released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wakeups.close();
    this.#connection.close();
  }

  async #exchange(outcomes: readonly Outcome[], next: ClaimRequest | undefined): Promise<Settlement> {
    const groups = toGroups(outcomes);
    const { epoch } = this.#connection;
    const knowledge = next === undefined ? undefined : this.#outstanding.of(next.holder, epoch);
    const request = next === undefined || knowledge === undefined ? [] : toRequest(next, knowledge);
    const isUsual = groups.areCompleted && knowledge?.known === undefined;
    const answer = await this.#connection.run(isUsual ? "usual" : "exchange", groups.args.concat(request));
    const [answers, token, lists, done] = toList(answer);
    const settled = toSettled(answers, groups, outcomes.length);
    this.#outstanding.end(outcomes);
    if (next === undefined) return { settled, claimed: [] };
    const claimed = toClaims(token, lists, next);
    this.#outstanding.begin(next.holder, epoch, claimed);
    if (toNumber(done) === 0) return { settled, claimed };
    return { settled, claimed: claimed.concat(await this.#claimOn(next, toNumber(done), claimed.length)) };
  }

  /**
   * Goes on behind the queues that are done with: of a server that runs one script at a time, one claim takes from some
   * hundred. What came before is handed out, whatever becomes of this.
   */
  async #claimOn(
    { queues, limit, holder }: ClaimRequest,
    done: number,
    taken: number,
  ): Promise<readonly Claim[]> {
    try {
      return await this.claim({ queues: queues.slice(done), limit: limit - taken, holder });
    } catch {
      return [];
    }
  }
}
