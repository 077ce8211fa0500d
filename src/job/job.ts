import type { JobState } from "./states.ts";

/** A job as a producer hands it to a broker. */
export interface NewJob {
  readonly queue: string;
  readonly name: string;
  /** JSON text; brokers do not look inside. */
  readonly payload: string;
  /** Higher runs first within its queue. @default 0 */
  readonly priority?: number | undefined;
  /** Not before this long after the store's now. @default 0 */
  readonly delayMs?: number | undefined;
  /** Not before this time, in milliseconds since 1970 by the store's clock. Excludes `delayMs`. */
  readonly runAtMs?: number | undefined;
  /** The job is failed as poison once so many processes died under it. @default 3 */
  readonly maxCrashes?: number | undefined;
  /** JSON text of `JobOverrides`, for the worker; brokers do not look inside. */
  readonly options?: string | undefined;
  readonly tags?: readonly string[] | undefined;
}

export const DEFAULT_MAX_CRASHES = 3;

/** What went wrong with a run, as plain data. */
export interface JobError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | undefined;
  readonly stack?: string | undefined;
}

/** One unusual thing that befell a job: a retry, a crash, a person's doing. At most 100 are kept, the newest. */
export interface HistoryEntry {
  readonly at: Date;
  readonly event: "retried" | "failed" | "crashed" | "interrupted" | "revived" | "moved" | "cancelled";
  readonly detail?: string | undefined;
}

export interface LogLine {
  readonly at: Date;
  readonly line: string;
}

/** All that a store knows of a job, for people and tools. */
export interface JobRecord {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: JobState;
  readonly payload: string;
  readonly priority: number;
  /** Runs that ended in an error. */
  readonly attempts: number;
  /** Runs that were cut short by a stop; they cost nothing. */
  readonly interruptions: number;
  /** Processes that died under this job. */
  readonly crashes: number;
  readonly maxCrashes: number;
  readonly tags: readonly string[];
  readonly options?: string | undefined;
  readonly enqueuedAt: Date;
  /** When a scheduled job is due. */
  readonly runAt?: Date | undefined;
  readonly holder?: string | undefined;
  readonly claimedAt?: Date | undefined;
  /** Between 0 and 1, as the running job reported it last. */
  readonly progress?: number | undefined;
  readonly finishedAt?: Date | undefined;
  /** When a finished job may be deleted. */
  readonly expiresAt?: Date | undefined;
  /** JSON text of what `perform` returned. */
  readonly result?: string | undefined;
  /** The last thing that went wrong. */
  readonly error?: JobError | undefined;
}

/** A record with what is only wanted for one job at a time. */
export interface JobDetails extends JobRecord {
  readonly history: readonly HistoryEntry[];
  readonly logs: readonly LogLine[];
}
