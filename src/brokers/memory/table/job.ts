import type { HistoryEntry, JobError } from "../../../job/job.ts";
import { JOB_STATES, type JobState } from "../../../job/states.ts";
import { SortedList } from "./sorted-list.ts";

/** A job as this broker keeps it. `queue`, `priority` and `place` are changed by `Jobs.put` alone, which keeps the order. */
export interface MemoryJob {
  readonly id: string;
  /** The id as a number: lower is older. */
  readonly number: number;
  readonly name: string;
  readonly maxCrashes: number;
  readonly options: string | undefined;
  readonly enqueuedAtMs: number;
  readonly history: MemoryHappening[];
  readonly logs: MemoryLogLine[];
  queue: MemoryQueue;
  priority: number;
  place: Place;
  payload: string;
  attempts: number;
  interruptions: number;
  crashes: number;
  tags: readonly string[];
  error: JobError | undefined;
}

/** Where a job is in its life, with what is known of it only there. */
export type Place =
  | { readonly state: "waiting" | "blocked" }
  | { readonly state: "scheduled"; readonly dueMs: number }
  | RunningPlace
  | FinishedPlace;

export interface RunningPlace {
  readonly state: "running";
  readonly token: number;
  readonly holder: MemoryHolder;
  readonly claimedAtMs: number;
  progress: number | undefined;
}

export interface FinishedPlace {
  readonly state: FinishedState;
  readonly finishedAtMs: number;
  readonly expiresAtMs: number;
  readonly result: string | undefined;
}

export const FINISHED_STATES = ["completed", "failed", "cancelled"] as const;

export type FinishedState = (typeof FINISHED_STATES)[number];

export interface MemoryHappening {
  readonly atMs: number;
  readonly event: HistoryEntry["event"];
  readonly detail: string | undefined;
}

export interface MemoryLogLine {
  readonly atMs: number;
  readonly line: string;
}

export interface MemoryHolder {
  readonly name: string;
  readonly held: Set<MemoryJob>;
  queues: string;
  aliveUntilMs: number;
}

export interface MemoryQueue {
  readonly name: string;
  readonly counts: Record<JobState, number>;
  /** In the order of claims. */
  readonly waiting: SortedList<MemoryJob>;
  /** The oldest job first. */
  readonly finished: Readonly<Record<FinishedState, SortedList<MemoryJob>>>;
}

export function createQueue(name: string): MemoryQueue {
  return {
    name,
    counts: Object.assign({}, ...JOB_STATES.map((state) => ({ [state]: 0 }))),
    waiting: new SortedList(byClaim),
    finished: {
      completed: new SortedList(byAge),
      failed: new SortedList(byAge),
      cancelled: new SortedList(byAge),
    },
  };
}

export type Aged = Pick<MemoryJob, "number">;

export function byAge(a: Aged, b: Aged): number {
  return a.number - b.number;
}

function byClaim(a: MemoryJob, b: MemoryJob): number {
  return b.priority - a.priority || a.number - b.number;
}
