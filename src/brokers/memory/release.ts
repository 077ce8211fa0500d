import type { Released, ReleaseReason } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import type { JobError } from "../../job/job.ts";
import { addHistory, finish, WAITING } from "./moves.ts";
import { byAge, type MemoryJob } from "./table/job.ts";
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
    const poison = ran ? count(job, { reason, holder: name, now }) : undefined;
    if (poison === undefined) {
      jobs.put(job, { place: WAITING });
      waiting.push(job.id);
    } else {
      job.error = poison;
      finish(jobs, job, { state: "failed", now, keepMs: DEFAULT_KEEP_MS.failed });
      poisoned.push(job.id);
    }
  }
  return { waiting, poisoned };
}

interface Counting {
  readonly reason: ReleaseReason;
  readonly holder: string;
  readonly now: number;
}

/** Counts what befell a job that had started. An answer is why it is given up. */
function count(job: MemoryJob, { reason, holder, now }: Counting): JobError | undefined {
  const { kind, detail = `of ${holder}` } = reason;
  addHistory(job, { now, event: kind, detail });
  if (kind === "interrupted") {
    job.interruptions++;
    return undefined;
  }
  const crashes = ++job.crashes;
  if (crashes < job.maxCrashes) return undefined;
  const message = `${crashes} ${crashes === 1 ? "process" : "processes"} died under this job, the last one ${detail}`;
  return { name: "PoisonError", message };
}
