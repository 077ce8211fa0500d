import type { NewJob } from "../job/job.ts";
import type { Outcome } from "./claim.ts";

/** Enqueues and settles inside a transaction that the user has open on a connection of their own. */
export interface Transactions {
  /** Adds jobs that exist once the user's transaction commits. `connection` is of the broker's driver. */
  enqueue(connection: object, jobs: readonly NewJob[]): Promise<readonly string[]>;
  /** Settles claims if and when the user's transaction commits. */
  settle(connection: object, outcomes: readonly Outcome[]): Promise<readonly boolean[]>;
}
