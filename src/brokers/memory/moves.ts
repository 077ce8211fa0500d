import { MAX_HISTORY } from "../../broker/edit.ts";
import type { HistoryEntry } from "../../job/job.ts";
import type { FinishedState, MemoryJob, Place } from "./table/job.ts";
import type { Jobs } from "./table/jobs.ts";

/** Steps that several calls take. */

export const WAITING: Place = { state: "waiting" };

interface Finishing {
  readonly state: FinishedState;
  readonly now: number;
  readonly keepMs: number;
  readonly result?: string | undefined;
}

/** Enters a job among the finished, or deletes it when it is to be kept for no time. */
export function finish(jobs: Jobs, job: MemoryJob, { state, now, keepMs, result }: Finishing): void {
  if (keepMs === 0) jobs.forget(job);
  else jobs.put(job, { place: { state, finishedAtMs: now, expiresAtMs: now + keepMs, result } });
}

/** Waiting, or scheduled when it is due later. */
export function placeAt(dueMs: number, now: number): Place {
  return dueMs > now ? { state: "scheduled", dueMs } : WAITING;
}

interface Happening {
  readonly now: number;
  readonly event: HistoryEntry["event"];
  readonly detail?: string | undefined;
}

export function addHistory({ history }: MemoryJob, { now, event, detail = "" }: Happening): void {
  history.push({ atMs: now, event, detail: detail === "" ? undefined : detail.slice(0, MAX_DETAIL) });
  if (history.length > MAX_HISTORY) history.shift();
}

const MAX_DETAIL = 500;
