import type { JobState } from "../job/states.ts";
import type { ClaimRef } from "./claim.ts";

/** Changes jobs that are there. Every answer has one boolean per id, in order: whether that job was changed. */
export interface Edit {
  /** Cancels jobs that are not finished. A running one loses its claim: its outcome will be refused. */
  cancel(ids: readonly string[]): Promise<readonly boolean[]>;

  /** Makes failed jobs waiting, with all their attempts before them and their crashes forgiven. */
  retry(ids: readonly string[]): Promise<readonly boolean[]>;

  /** Puts jobs that are waiting, scheduled or blocked into another queue, at their age. */
  move(ids: readonly string[], queue: string): Promise<readonly boolean[]>;

  /** Sets the priority of jobs that are not running and not finished. */
  prioritize(ids: readonly string[], priority: number): Promise<readonly boolean[]>;

  /** Adds and removes tags, in any state. */
  tag(ids: readonly string[], change: TagChange): Promise<readonly boolean[]>;

  /**
   * Empties a queue, or one state of it: jobs yet to run are cancelled, finished
   * ones deleted, running ones left alone. Resolves with how many it touched.
   */
  clear(queue: string, state?: JobState): Promise<number>;

  /**
   * Keeps the progress and log lines of running jobs. False for each claim that
   * is lost, which is also how a worker learns of it; a note of nothing asks just that.
   */
  annotate(notes: readonly Note[]): Promise<readonly boolean[]>;
}

export interface TagChange {
  readonly add?: readonly string[] | undefined;
  readonly remove?: readonly string[] | undefined;
}

export interface Note extends ClaimRef {
  readonly progress?: number | undefined;
  /** New lines; the newest `MAX_LOG_LINES` of a job are kept. */
  readonly log?: readonly string[] | undefined;
}

export const MAX_LOG_LINES = 100;
export const MAX_LOG_LINE_LENGTH = 2000;
export const MAX_HISTORY = 100;
