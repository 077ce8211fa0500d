import type { Released, ReleaseReason } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { toPoison } from "../../broker/poison.ts";
import { addHistory, finish, WAITING } from "./moves.ts";
import { byAge, type MemoryJob } from "./table/job.ts";
import type { Jobs } from "./table/jobs.ts";
import type { Memory } from "./table/memory.ts";

/** Takes everything from a holder. */
export function release(
  { jobs, holders }: Memory,
  name: string,
  reason: ReleaseReason,
  now: number,
): Released {
  const held = [...(holders.find(name)?.held ?? [])].sort(byAge);
  holders.remove(name);
  const started = reason.started === undefined ? undefined : new Set(reason.started);
  const waiting: string[] = [];
  const poisoned: string[] = [];
  for (const job of held) {
    const ran = started === undefined || started.has(job.id);
    const isPoison = ran && takeBack(jobs, job, { detail: `of ${name}`, ...reason, now });
    if (!ran) jobs.put(job, { place: WAITING });
    (isPoison ? poisoned : waiting).push(job.id);
  }
  return { waiting, poisoned };
}

interface Befallen {
  readonly kind: ReleaseReason["kind"];
  readonly detail?: string | undefined;
  readonly now: number;
}

/** Counts what befell a job that had started, and puts it back. True when it crashed once too often and is failed. */
export function takeBack(jobs: Jobs, job: MemoryJob, { kind, detail, now }: Befallen): boolean {
  addHistory(job, { now, event: kind, detail });
  if (kind === "interrupted") job.interruptions++;
  else job.crashes++;
  if (kind === "interrupted" || job.crashes < job.maxCrashes) {
    jobs.put(job, { place: WAITING });
    return false;
  }
  job.error = toPoison(job.crashes, detail);
  finish(jobs, job, { state: "failed", now, keepMs: DEFAULT_KEEP_MS.failed });
  return true;
}
