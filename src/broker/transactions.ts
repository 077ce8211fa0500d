import { GangerError } from "../errors.ts";
import type { NewJob } from "../job/job.ts";
import type { Broker } from "./broker.ts";
import type { Outcome } from "./claim.ts";
import type { Note } from "./edit.ts";

/**
 * Enqueues and settles inside a transaction that the user has open on a connection of their own.
 *
 * `connection` is of the broker's driver and to the broker's own store, and stays the user's: nothing here begins,
 * commits or ends it. What a call writes is all there or not at all, also when it rejects and the user commits all the
 * same. Nobody else sees it before the commit; workers are woken by the commit, where a store has a way to.
 *
 * @throws `GANGER_TRANSACTION_INVALID` for anything that is not such a connection with a transaction open.
 */
export interface Transactions {
  /** Adds jobs that exist once the user's transaction commits, and resolves with their ids. */
  enqueue(connection: object, jobs: readonly NewJob[]): Promise<readonly string[]>;

  /**
   * Settles claims if and when the user's transaction commits. Answers as `Broker.settle` does: `false` for each claim
   * that was lost, and nothing changes for it. After a commit `Broker.settle` answers `false` for the same outcome.
   */
  settle(connection: object, outcomes: readonly Outcome[]): Promise<readonly boolean[]>;

  /**
   * Keeps progress and log lines of running jobs, as `Edit.annotate` does. Only where that cannot be done beside the
   * user's transaction, as with a store of one writer: elsewhere it is `undefined`, and notes are written before.
   */
  readonly annotate?:
    | ((connection: object, notes: readonly Note[]) => Promise<readonly boolean[]>)
    | undefined;
}

/** @throws `GANGER_FACET_MISSING` when the broker has no transactions of users. */
export function transactionsOf({ name, transactions }: Pick<Broker, "name" | "transactions">): Transactions {
  if (transactions !== undefined) return transactions;
  throw withoutTransactions(name);
}

export function withoutTransactions(broker: string): GangerError {
  return new GangerError("GANGER_FACET_MISSING", `The ${broker} broker cannot take part in a transaction`, {
    hint: "Enqueue after the commit, or keep jobs where your own data is: sqlite:, postgres: and mysql: can.",
  });
}
