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
import { LostClaims } from "../../broker/lost-claims.ts";
import type { NewJob } from "../../job/job.ts";
import { int8s, texts } from "./binary.ts";
import { Claims } from "./claim.ts";
import { PostgresEdit } from "./edit.ts";
import { PostgresInspect } from "./inspect.ts";
import { Lanes } from "./lanes.ts";
import type { PostgresLocation } from "./location.ts";
import { PostgresMaintenance } from "./maintenance.ts";
import { Producer } from "./producer.ts";
import { Queues } from "./queues.ts";
import { NOTHING, release } from "./release.ts";
import { toNumber } from "./rows.ts";
import { areCompleted, settle } from "./settle.ts";
import { Statements } from "./statements.ts";
import { PostgresStore } from "./store.ts";
import { PostgresTransactions } from "./transactions.ts";
import { PostgresWakeups } from "./wakeups.ts";

interface BrokerParts {
  readonly location: PostgresLocation;
  /** Connections, of which one is open. */
  readonly lanes: Lanes;
  readonly url: string;
}

/** Jobs in one schema of a PostgreSQL database. */
export class PostgresBroker implements Broker {
  readonly name = "postgres";
  readonly url: string;
  readonly inspect: PostgresInspect;
  readonly wakeups: PostgresWakeups;
  readonly edit: PostgresEdit;
  readonly store: PostgresStore;
  readonly transactions: PostgresTransactions;
  readonly maintenance: PostgresMaintenance;
  readonly schedules = undefined;
  readonly flows = undefined;
  readonly limits = undefined;
  readonly events = undefined;
  readonly stats = undefined;
  /** For claims and outcomes; as durable as the URL has it. */
  readonly #lanes: Lanes;
  /** For what must not be undone by a power cut. */
  readonly #safe: Lanes;
  /** For what may be: heartbeats and announcements. */
  readonly #side: Lanes;
  readonly #queues: Queues;
  readonly #producer: Producer;
  readonly #claims: Claims;
  readonly #lost: LostClaims;

  constructor({ location, lanes, url }: BrokerParts) {
    const { isPooled } = lanes;
    const statements = new Statements(location.schema);
    const options = { location, statements, isPooled };
    this.url = url;
    this.#lanes = lanes;
    this.#safe = location.isSynchronous ? lanes : new Lanes({ ...options, isSynchronous: true, max: 2 });
    this.#side = new Lanes({ ...options, isSynchronous: false, max: 1 });
    this.#queues = new Queues(this.#safe.run);
    this.#claims = new Claims(lanes, this.#queues);
    const { floors } = this.#claims;
    this.wakeups = new PostgresWakeups({
      location,
      isPooled,
      floors,
      lanes: this.#side,
      queues: this.#queues,
    });
    const { announcements } = this.wakeups;
    this.#producer = new Producer({ lanes: this.#safe, queues: this.#queues, announcements });
    this.#lost = new LostClaims({
      losses: () => lanes.losses,
      giveBack: (holder, known) => this.#giveBack(holder, known),
    });
    this.inspect = new PostgresInspect({ lanes: this.#safe, queues: this.#queues, floors, statements });
    this.store = new PostgresStore(this.#safe.run);
    this.edit = new PostgresEdit(this.#safe, this.#queues, this.wakeups);
    this.transactions = new PostgresTransactions({
      statements,
      queues: this.#queues,
      channel: this.wakeups.channel,
      run: this.#safe.run,
    });
    this.maintenance = new PostgresMaintenance({
      lanes: this.#safe,
      location,
      isPooled,
      wakeups: this.wakeups,
    });
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly string[]> {
    return this.#producer.enqueue(jobs);
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    return this.#guarded(request, () => this.#claims.claim(request));
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    if (next === undefined) return { settled: await this.#settle(outcomes), claimed: [] };
    if (outcomes.length === 0) return { settled: [], claimed: await this.claim(next) };
    // Side by side on two connections, for in one transaction they deadlock; but what goes back
    // must be there before the claim that may bring it.
    if (!areCompleted(outcomes)) {
      return { settled: await this.#settle(outcomes), claimed: await this.#claimAfter(next) };
    }
    let settled: readonly boolean[] = [];
    const claimed = await this.#guarded(next, async () => {
      const both = [this.#settle(outcomes), this.#claims.claim(next)] as const;
      const [settling, claiming] = await Promise.allSettled(both);
      // What was claimed reaches nobody then.
      if (settling.status === "rejected") throw settling.reason;
      settled = settling.value;
      if (claiming.status === "fulfilled") return claiming.value;
      this.#lost.suspect(next.holder);
      return [];
    });
    return { settled, claimed };
  }

  async heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
    // In one order, so that two hosts that beat for the same holders do not deadlock; and each once.
    const all = new Map(holders.map(({ holder, queues }) => [holder, queues]));
    const names = [...all.keys()].sort();
    await this.#side.run("beat", [texts(names), texts(names.map((name) => all.get(name) ?? "")), ttlMs]);
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    const released = await this.#lanes.transaction((run) => release(run, holder, reason));
    if (released === undefined) return NOTHING;
    for (const ids of [released.waiting, released.poisoned]) this.#lost.end(ids.map((id) => ({ id })));
    if (released.waiting.length > 0) this.wakeups.requeued(released.waiting.map(Number));
    return released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.wakeups.close();
    await Promise.all([this.#lanes.close(), this.#safe.close(), this.#side.close()]);
  }

  async #guarded(
    { holder, limit }: ClaimRequest,
    claim: () => Promise<readonly Claim[]>,
  ): Promise<readonly Claim[]> {
    const claimed = await this.#lost.guard(holder, claim);
    if (claimed.length > 0) this.wakeups.claimed(claimed.length < limit);
    return claimed;
  }

  async #giveBack(holder: string, known: ReadonlySet<string>): Promise<void> {
    const { rows } = await this.#lanes.run("giveBackLost", [holder, int8s([...known].map(Number))]);
    if (rows.length > 0) this.wakeups.requeued(rows.map((row) => toNumber(row[0])));
  }

  /** Outcomes that are on record must be answered for, whatever became of the claim beside them: the next call will tell. */
  async #claimAfter(next: ClaimRequest): Promise<readonly Claim[]> {
    try {
      return await this.claim(next);
    } catch {
      return [];
    }
  }

  async #settle(outcomes: readonly Outcome[]): Promise<readonly boolean[]> {
    if (outcomes.length === 0) return [];
    const { settled, requeued } = await settle(
      {
        run: this.#lanes.run,
        transact: (work) => this.#lanes.transaction((run) => work(run)),
        queues: this.#queues,
      },
      outcomes,
    );
    this.#lost.end(outcomes);
    if (requeued !== undefined) this.wakeups.requeued([requeued]);
    return settled;
  }
}
