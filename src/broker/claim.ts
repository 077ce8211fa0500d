import type { JobError } from "../job/job.ts";

export interface ClaimRequest {
  /** Queue names, the first one first. No patterns: `QueueList` resolves them. */
  readonly queues: readonly string[];
  readonly limit: number;
  readonly holder: string;
}

/** Proof that one holder may run a job once, and what it needs to run it. */
export interface Claim {
  readonly id: string;
  /** Fencing token: a later claim of the same job has a higher one. */
  readonly token: number;
  readonly queue: string;
  readonly name: string;
  readonly payload: string;
  readonly priority: number;
  readonly attempts: number;
  readonly interruptions: number;
  readonly crashes: number;
  /** Milliseconds since 1970 by the store's clock. */
  readonly enqueuedAtMs: number;
  /** JSON text of `JobOverrides`. */
  readonly options?: string | undefined;
}

/** What became of a claim. */
export type Outcome = ClaimRef &
  (
    | {
        readonly kind: "completed";
        readonly result?: string | undefined;
        readonly keepMs?: number | undefined;
      }
    | {
        readonly kind: "retry";
        readonly delayMs: number;
        readonly error: JobError;
        /** False when no attempt was made, as for a job that this worker does not know: an interruption. @default true */
        readonly counts?: boolean | undefined;
      }
    | {
        readonly kind: "failed";
        readonly error: JobError;
        readonly keepMs?: number | undefined;
        /** False when no attempt was made, as for a payload that does not fit. @default true */
        readonly counts?: boolean | undefined;
      }
    | {
        readonly kind: "released";
        /** True when the run was cut short: it counts as an interruption. */
        readonly started: boolean;
      }
    | {
        /** The process that ran this one job died, and its holder did not: a crash is counted, and it waits again or is poison. */
        readonly kind: "crashed";
        /** What is known of that end, such as `"with SIGSEGV"`. */
        readonly detail?: string | undefined;
      }
    | { readonly kind: "cancelled" }
    | {
        readonly kind: "advanced";
        readonly queue: string;
        readonly payload?: string | undefined;
        readonly delayMs?: number | undefined;
      }
  );

export interface ClaimRef {
  readonly id: string;
  readonly token: number;
}

export interface Settlement {
  /** One answer per outcome, in order: `false` for each claim that was lost. */
  readonly settled: readonly boolean[];
  readonly claimed: readonly Claim[];
}

/** A worker, as the broker knows it. */
export interface HolderInfo {
  /** `host:pid:nonce`. */
  readonly holder: string;
  /** The queue list it serves, as text. */
  readonly queues: string;
}

/**
 * Why a holder's claims are taken from it.
 *
 * `crashed`: its process died. Every job in `started` counts a crash; without
 * `started` nobody knows which ones ran, and every job it held counts one, as
 * counting none would let a job that kills its process do so for ever.
 * `interrupted`: it was ended on purpose. Jobs in `started` count an interruption.
 */
export type ReleaseReason =
  | {
      readonly kind: "crashed";
      readonly started?: readonly string[] | undefined;
      readonly detail?: string | undefined;
    }
  | {
      readonly kind: "interrupted";
      readonly started: readonly string[];
      readonly detail?: string | undefined;
    };

export interface Released {
  /** Ids that are waiting again. */
  readonly waiting: readonly string[];
  /** Ids that were failed, having crashed too often. */
  readonly poisoned: readonly string[];
}
