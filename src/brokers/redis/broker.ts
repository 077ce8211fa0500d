import { randomBytes } from "node:crypto";
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
import { type Groups, toClaims, toGroups, toRequest, toSettled } from "./exchange.ts";
import { RedisInspect } from "./inspect.ts";
import { LostCalls } from "./lost-calls.ts";
import { RedisMaintenance } from "./maintenance.ts";
import { release } from "./release.ts";
import { toList } from "./rows.ts";
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
  readonly #lost = new LostCalls(randomBytes(9).toString("base64url"));

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
    return (await this.#exchange(NO_OUTCOMES, 0, request)).claimed;
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    if (outcomes.length === 0 && next === undefined) return { settled: [], claimed: [] };
    return this.#exchange(toGroups(outcomes), outcomes.length, next);
  }

  async heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
    const args = holders.flatMap(({ holder, queues }) => [holder, queues]);
    await this.#connection.run("heartbeat", [ttlMs, ...args]);
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    return (await release(this.#connection, holder, reason)) ?? { waiting: [], poisoned: [] };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wakeups.close();
    this.#connection.close();
  }

  async #exchange(groups: Groups, amount: number, next: ClaimRequest | undefined): Promise<Settlement> {
    const nonce = next === undefined ? "" : this.#lost.next();
    const request = next === undefined ? [] : toRequest(next, nonce, this.#lost.of(next.holder));
    try {
      const answer = await this.#connection.run("exchange", groups.args.concat(request));
      const [answers, token, lists] = toList(answer);
      const settled = toSettled(answers, groups, amount);
      return { settled, claimed: next === undefined ? [] : toClaims(token, lists, next) };
    } catch (error) {
      if (next !== undefined) this.#lost.add(next.holder, nonce);
      throw error;
    }
  }
}

const NO_OUTCOMES: Groups = { args: [0], places: [] };
