import { JOB_STATES, type JobState } from "../job/states.ts";

/** The part of `Inspect` that a store can give which knows how many jobs there are, and not which. */
export interface Counts {
  /** Every queue that ever had a job, by name in byte order, with the numbers that the store knows. */
  queues(): Promise<readonly KnownCounts[]>;

  /** Names of the queues with a job waiting now, in byte order. */
  ready(): Promise<readonly string[]>;
}

export interface KnownCounts {
  readonly queue: string;
  /** A state that is left out is one of which the store does not know. */
  readonly counts: Readonly<Partial<Record<JobState, number>>>;
}

/** The counts of a queue in which there is nothing. */
export function noCounts(): Record<JobState, number> {
  return Object.assign({}, ...JOB_STATES.map((state) => ({ [state]: 0 })));
}

/** The order of names: they are ASCII, for which that of UTF-16 units is that of bytes. */
export function byBytes(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
