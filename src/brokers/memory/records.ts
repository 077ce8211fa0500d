import type { Claim } from "../../broker/claim.ts";
import type { JobDetails, JobRecord } from "../../job/job.ts";
import type { MemoryJob } from "./table/job.ts";

/** What callers get: copies, through which nothing of the store can be changed. */

export function toClaim(job: MemoryJob, token: number): Claim {
  return {
    id: job.id,
    token,
    queue: job.queue.name,
    name: job.name,
    payload: job.payload,
    priority: job.priority,
    attempts: job.attempts,
    interruptions: job.interruptions,
    crashes: job.crashes,
    enqueuedAtMs: job.enqueuedAtMs,
    options: job.options,
  };
}

export function toRecord(job: MemoryJob): JobRecord {
  const { place } = job;
  const running = place.state === "running" ? place : undefined;
  const finished = "finishedAtMs" in place ? place : undefined;
  return {
    id: job.id,
    queue: job.queue.name,
    name: job.name,
    state: place.state,
    payload: job.payload,
    priority: job.priority,
    attempts: job.attempts,
    interruptions: job.interruptions,
    crashes: job.crashes,
    maxCrashes: job.maxCrashes,
    tags: [...job.tags],
    options: job.options,
    enqueuedAt: new Date(job.enqueuedAtMs),
    runAt: place.state === "scheduled" ? new Date(place.dueMs) : undefined,
    holder: running?.holder.name,
    claimedAt: toDate(running?.claimedAtMs),
    progress: running?.progress,
    finishedAt: toDate(finished?.finishedAtMs),
    expiresAt: toDate(finished?.expiresAtMs),
    result: finished?.result,
    error: job.error === undefined ? undefined : { ...job.error },
  };
}

export function toDetails(job: MemoryJob): JobDetails {
  return {
    ...toRecord(job),
    history: job.history.map(({ atMs, event, detail }) => ({ at: new Date(atMs), event, detail })),
    logs: job.logs.map(({ atMs, line }) => ({ at: new Date(atMs), line })),
  };
}

function toDate(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
