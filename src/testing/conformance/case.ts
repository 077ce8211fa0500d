import type { Broker } from "../../broker/broker.ts";
import type { Claim, ClaimRef, Outcome, Released, ReleaseReason } from "../../broker/claim.ts";
import type { Edit } from "../../broker/edit.ts";
import type { FacetName } from "../../broker/facets.ts";
import type { Inspect } from "../../broker/inspect.ts";
import type { Maintenance } from "../../broker/maintenance.ts";
import type { DocumentStore } from "../../broker/store.ts";
import type { Transactions } from "../../broker/transactions.ts";
import type { Wakeups } from "../../broker/wakeups.ts";
import type { NewJob } from "../../job/job.ts";
import type { ClaimerOrder } from "./claimer-order.ts";

/** One thing every broker must do, as data: any runner, and `ganger verify`, can run it. */
export interface ConformanceCase {
  /** Completes the sentence that starts "a broker …". Unique. */
  readonly name: string;
  /** Facets without which the case says nothing; the runner skips it and reports why. */
  readonly needs?: readonly FacetName[] | undefined;
  readonly requires?: Requirement | undefined;
  /** Whether it moves so many jobs that it takes seconds. */
  readonly slow?: boolean | undefined;
  readonly run: (bench: Bench) => Promise<void>;
}

/**
 * What a case needs besides facets: a second connection to the same store, other processes on it, a
 * store that holds nothing but the suite's jobs, or a connection of a user's own with a transaction.
 */
export type Requirement = "reopen" | "processes" | "private" | "transaction";

/**
 * What a case works with: a broker, and hands to work it with. All names it
 * gives are the case's own, so that it can run on a store that is in use.
 * Everything may be destructured.
 */
export interface Bench extends BenchFacets, BenchHands {
  readonly broker: Broker;

  /** Whether the store holds nothing but the suite's jobs, and nobody else works on it. */
  readonly isPrivate: boolean;

  /** Starts the name of every document of this case. */
  readonly prefix: string;

  /** The full name of a queue of this case. @default the case's main queue */
  readonly queue: (name?: string) => string;

  /** The full name of a holder of this case. */
  readonly holder: (name?: string) => string;

  /** Lets time pass by the store's clock: waits, or moves a clock that is not real. */
  readonly elapse: (ms: number) => Promise<void>;

  /** Asks again and again until the answer is neither `undefined` nor `false`; fails at the deadline. */
  readonly eventually: <T>(ask: () => T | Promise<T>, deadlineMs?: number) => Promise<NonNullable<T>>;

  /** Opens a second, independent connection, which is closed with the case. */
  readonly reopen: () => Promise<Broker>;

  /** Opens a transaction on a connection that is not the broker's; it is closed with the case, if need be by a rollback. */
  readonly begin: () => Promise<UserTransaction>;

  /** Starts processes that each follow one order on the same store; they are ended with the case. */
  readonly spawn: (
    amount: number,
    toOrder: (place: number) => ClaimerOrder,
  ) => Promise<readonly ClaimerProcess[]>;
}

/** A transaction that a user has open, on a connection of the broker's client library. Either ending closes it; a second one does nothing. */
export interface UserTransaction {
  readonly connection: object;
  readonly commit: () => Promise<void>;
  readonly rollback: () => Promise<void>;
}

/** The facets that a case said it needs. Reading one that is not there throws. */
export interface BenchFacets {
  readonly inspect: Inspect;
  readonly edit: Edit;
  readonly store: DocumentStore;
  readonly wakeups: Wakeups;
  readonly maintenance: Maintenance;
  readonly transactions: Transactions;
}

/** Short ways to do what nearly every case does. Queues and holders are named without the case's prefix. */
export interface BenchHands {
  /** Enqueues as many jobs, alike but for their payloads `{"n":0}`, `{"n":1}`, …; resolves with their ids. */
  readonly fill: (amount: number, job?: JobOptions) => Promise<readonly string[]>;

  /** Claims for a holder, which sends its first heartbeat now if it never did. */
  readonly take: (
    holder?: string,
    limit?: number,
    queues?: readonly (string | undefined)[],
  ) => Promise<readonly Claim[]>;

  /** Enqueues a job and claims it. */
  readonly start: (job?: JobOptions, holder?: string) => Promise<Claim>;

  /** Sends a heartbeat. */
  readonly beat: (holder?: string, ttlMs?: number) => Promise<void>;

  /** Reports one outcome. */
  readonly settle: (claim: ClaimRef, verdict?: Verdict) => Promise<boolean>;

  /** Reports the same outcome of many claims, in one call. */
  readonly settleAll: (claims: readonly ClaimRef[], verdict?: Verdict) => Promise<readonly boolean[]>;

  readonly release: (holder: string | undefined, reason: ReleaseReason) => Promise<Released>;
}

/** What may be said of a job that a bench enqueues; `queue` is without the case's prefix. */
export type JobOptions = Partial<NewJob>;

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An outcome, but for whose. */
export type Verdict = Without<Outcome, keyof ClaimRef>;

/** A process that follows an order. */
export interface ClaimerProcess {
  /** The ids that the next line of its answer holds, or `undefined` when it has ended. */
  readonly next: () => Promise<readonly string[] | undefined>;
  /** Ends it with SIGKILL and resolves when it is gone. */
  readonly kill: () => Promise<void>;
}
