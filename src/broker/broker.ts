import type { NewJob } from "../job/job.ts";
import type {
  Claim,
  ClaimRequest,
  HolderInfo,
  Outcome,
  Released,
  ReleaseReason,
  Settlement,
} from "./claim.ts";
import type { Facets } from "./facets.ts";

/**
 * A place where jobs are kept, and the only authority on who may run one.
 *
 * The methods below are the whole of what every broker must do. What only some
 * brokers can do is a *facet*: a property that is there or is `undefined`, so
 * that the compiler asks callers what happens when it is not.
 *
 * Implementations keep no job in memory between calls, and read no clock but
 * their store's own: two hosts must agree on what is due and who is alive.
 * Every call is a batch, because batches are where the speed is.
 */
export interface Broker extends Facets, AsyncDisposable {
  /** What errors and reports call it: `sqlite`, `redis`, … */
  readonly name: string;

  /** Where another thread or process opens the same store; `undefined` when none can. It may hold a password. */
  readonly url: string | undefined;

  /**
   * Adds jobs, all or none, and resolves with their ids in the order given once
   * the store has them durably. Ids are opaque ASCII texts of 40 characters at
   * most. When this rejects because the answer was lost, the jobs may be there.
   */
  enqueue(jobs: readonly NewJob[]): Promise<readonly string[]>;

  /**
   * Hands out up to `limit` waiting jobs, each to this holder alone: those of
   * the first queue of the list before those of the second; within a queue
   * higher priority first; within a priority the oldest first. Queues are plain
   * names. A holder that is not alive is handed nothing.
   */
  claim(request: ClaimRequest): Promise<readonly Claim[]>;

  /**
   * Reports outcomes and claims the next batch, in one round trip where the
   * store allows it. An outcome counts only while its token is the job's
   * newest and the job is running; for every other `settled` holds `false` and
   * nothing changes.
   */
  settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement>;

  /** These holders are alive for at least `ttlMs` longer, by the store's clock. One write for a whole host. */
  heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void>;

  /**
   * Takes everything from a holder that is dead or leaves, and the holder from
   * the list of the living. Jobs it had not started go back at no cost. A job
   * that crashed once too often is failed as poison. Safe to call twice.
   */
  release(holder: string, reason: ReleaseReason): Promise<Released>;
}
