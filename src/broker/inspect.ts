import type { JobDetails, JobRecord } from "../job/job.ts";
import type { JobState } from "../job/states.ts";
import type { HolderInfo } from "./claim.ts";

/** Looks at jobs without touching them. Counts are the numbers of rows, at one moment. */
export interface Inspect {
  /** Every queue that ever had a job, by name in byte order, with the number of jobs in each state. */
  queues(): Promise<readonly QueueCounts[]>;

  /** Names of the queues with a job waiting now, in byte order. */
  ready(): Promise<readonly string[]>;

  /** One job with its history and log, or `undefined`. */
  find(id: string): Promise<JobDetails | undefined>;

  /** Jobs that match, oldest first. Ask again with `after` set to the last id for the next page. */
  list(filter: JobFilter): Promise<readonly JobRecord[]>;

  /** What a claim of this queue would hand out next, in that order. */
  peek(queue: string, limit: number): Promise<readonly JobRecord[]>;

  /** Every holder that has not been released, the living and the overdue. */
  holders(): Promise<readonly HolderStatus[]>;

  /** The names of the same, where counting what they hold costs more. */
  holderNames?(): Promise<readonly string[]>;
}

export interface QueueCounts {
  readonly queue: string;
  readonly counts: Readonly<Record<JobState, number>>;
}

export interface JobFilter {
  readonly state?: JobState | undefined;
  readonly queue?: string | undefined;
  readonly name?: string | undefined;
  readonly tag?: string | undefined;
  readonly limit: number;
  readonly after?: string | undefined;
}

export interface HolderStatus extends HolderInfo {
  /** By the store's clock; may be past. */
  readonly aliveUntil: Date;
  /** Whether `aliveUntil` is still to come, by the store's clock. */
  readonly alive: boolean;
  /** Claims it holds now, started or not. */
  readonly held: number;
}
