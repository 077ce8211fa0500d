import type { Broker } from "../../broker/broker.ts";
import type { Outcome } from "../../broker/claim.ts";
import { transactionsOf } from "../../broker/transactions.ts";
import { GangerError } from "../../errors.ts";
import type { JobRun } from "./job-run.ts";

/** Settles a run's claim inside a transaction of the user's. False when the claim was lost. */
export type CompleteIn = (run: JobRun, transaction: object, outcome: Outcome) => Promise<boolean>;

/** For runs in a process that has the broker open. */
export function completerOf(broker: Pick<Broker, "name" | "transactions">): CompleteIn {
  return async (_, transaction, outcome) => {
    const [isHeld = false] = await transactionsOf(broker).settle(transaction, [outcome]);
    return isHeld;
  };
}

export function lost(id: string, why: string): GangerError {
  return new GangerError("GANGER_CLAIM_LOST", `Job ${id} cannot be completed by this run: ${why}`, {
    hint: "Let the transaction fail, so that its effect does not happen twice.",
  });
}
