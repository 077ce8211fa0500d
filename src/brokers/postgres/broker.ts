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
import { texts } from "./binary.ts";
import { Claims } from "./claim.ts";
import { PostgresEdit } from "./edit.ts";
import { enqueue } from "./enqueue.ts";
import { PostgresInspect } from "./inspect.ts";
import { Lanes } from "./lanes.ts";
import type { PostgresLocation } from "./location.ts";
import { LostClaims } from "./lost-claims.ts";
import { PostgresMaintenance } from "./maintenance.ts";
import { Queues } from "./queues.ts";
import { NOTHING, release } from "./release.ts";
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
    this.wakeups = new PostgresWakeups({ location, isPooled, floors, lanes: this.#side });
    this.#lost = new LostClaims(lanes.run, (ids) => this.wakeups.requeued(ids));
    this.inspect = new PostgresInspect(this.#safe, this.#queues, statements);
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
    await this.#queues.ensure(jobs.map(({ queue }) => queue));
    const { ids, news } = await enqueue(this.#safe.run, this.#queues, jobs);
    this.wakeups.enqueued(news);
    return ids;
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    const claimed = await this.#claim(request);
    this.#lost.delivered(request.holder, claimed);
    return claimed;
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    if (next === undefined) return { settled: await this.#settle(outcomes), claimed: [] };
    if (outcomes.length === 0) return { settled: [], claimed: await this.claim(next) };
    // Side by side on two connections, for in one transaction they deadlock; but what goes back
    // must be there before the claim that may bring it.
    if (!areCompleted(outcomes)) {
      return { settled: await this.#settle(outcomes), claimed: await this.#claimAfter(next) };
    }
    const [settling, claiming] = await Promise.allSettled([this.#settle(outcomes), this.#claim(next)]);
    if (settling.status === "rejected") {
      // What was claimed reaches nobody.
      this.#lost.suspect(next.holder);
      throw settling.reason;
    }
    const claimed = claiming.status === "fulfilled" ? claiming.value : [];
    this.#lost.delivered(next.holder, claimed);
    return { settled: settling.value, claimed };
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
    if (released.waiting.length > 0) this.wakeups.requeued(released.waiting.map(Number));
    return released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.wakeups.close();
    await Promise.all([this.#lanes.close(), this.#safe.close(), this.#side.close()]);
  }

  async #claim(request: ClaimRequest): Promise<readonly Claim[]> {
    const claimed = await this.#lost.guard(request.holder, () => this.#claims.claim(request));
    if (claimed.length > 0) this.wakeups.stir();
    return claimed;
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
    if (requeued !== undefined) this.wakeups.requeued([requeued]);
    return settled;
  }
}
