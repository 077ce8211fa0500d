import type { NewJob } from "../job/job.ts";

/** Recurring jobs. Each occurrence is enqueued once, however many coordinators tick. */
export interface Schedules {
  put(schedule: Schedule): Promise<void>;
  remove(key: string): Promise<boolean>;
  list(): Promise<readonly Schedule[]>;
  /** Enqueues what has fallen due and says when the next is. */
  tick(): Promise<{ readonly enqueued: readonly string[]; readonly nextInMs: number | undefined }>;
}

export interface Schedule {
  readonly key: string;
  readonly every: { readonly cron: string; readonly timeZone?: string | undefined } | { readonly ms: number };
  readonly job: NewJob;
  /** How many missed occurrences are made up for. @default 1 */
  readonly backlog?: number | undefined;
  readonly paused?: boolean | undefined;
}

/** Jobs that wait for other jobs. A job becomes ready when the last it depends on has completed. */
export interface Flows {
  /** Adds jobs of which some wait for others, all or none. A number in `dependsOn` is a place in `jobs`, a text an id. */
  enqueue(jobs: readonly FlowJob[]): Promise<readonly string[]>;
  dependencies(id: string): Promise<readonly string[]>;
  dependents(id: string): Promise<readonly string[]>;
}

export interface FlowJob {
  readonly job: NewJob;
  readonly dependsOn: readonly (number | string)[];
}

/** Bounds on what may run, kept by the store for all hosts. */
export interface Limits {
  pause(queue: string): Promise<void>;
  resume(queue: string): Promise<void>;
  paused(): Promise<readonly string[]>;
  /** Sets the bounds of a queue or of a named throttle; `undefined` lifts them. */
  set(subject: string, limit: Limit | undefined): Promise<void>;
  list(): Promise<ReadonlyMap<string, Limit>>;
}

export interface Limit {
  /** Jobs that may run at once. */
  readonly concurrency?: number | undefined;
  /** Jobs that may start within a time. */
  readonly rate?: { readonly limit: number; readonly perMs: number } | undefined;
}
