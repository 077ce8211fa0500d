import type { Claim, Outcome } from "../../broker/claim.ts";
import type { Failure } from "../../ipc/messages.ts";
import type { Interruption } from "../run/outcome.ts";

/** What a worker and the process or thread that runs a job for it say to each other. Plain data, one job at a time. */

/** What a host loads before it can run anything. */
export interface HostStart {
  /** Modules that export job definitions, or folders of them. */
  readonly modules: readonly string[];
  /** A module with the hooks `beforeJob` and `afterJob`. */
  readonly hooks?: string | undefined;
  /** How long it may take until it is ready. */
  readonly bootMs?: number | undefined;
}

/** The worker's broker, for jobs that are to be completed in a transaction. */
export interface HostBroker {
  readonly name: string;
  /** Where it can be opened once more; `undefined` when it cannot take part in transactions. It may hold a password. */
  readonly url: string | undefined;
}

export type ToHost =
  | { readonly type: "start"; readonly start: HostStart }
  | { readonly type: "run"; readonly claim: Claim; readonly broker: HostBroker }
  | {
      readonly type: "abort";
      readonly token: number;
      readonly kind: Interruption["kind"];
      readonly message: string;
    };

export type FromHost =
  | { readonly type: "ready" }
  /** It cannot load what it was told to; it ends. */
  | { readonly type: "failed"; readonly failure: Failure }
  | {
      readonly type: "noted";
      readonly token: number;
      readonly progress?: number | undefined;
      readonly line?: string | undefined;
    }
  /** The run has written its completion into a transaction of the user's. */
  | { readonly type: "transacted"; readonly token: number }
  /** What became of the run. Everything it printed stands before its mark in each stream. */
  | { readonly type: "done"; readonly token: number; readonly outcome: Outcome };

/** Ends what one run printed, in each stream. No text that a person reads has it. */
export function markOf({ id, token }: Pick<Claim, "id" | "token">): string {
  return `\0ganger:${id}:${token}\0`;
}
