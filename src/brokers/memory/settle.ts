import type { Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { addHistory, finish, placeAt, WAITING } from "./moves.ts";
import { takeBack } from "./release.ts";
import type { MemoryJob } from "./table/job.ts";
import type { Jobs } from "./table/jobs.ts";

interface Settled {
  readonly settled: readonly boolean[];
  /** Whether a job became waiting or scheduled. */
  readonly wakes: boolean;
}

/** Applies outcomes one after the other: the first that counts ends the claim for the rest. */
export function settle(jobs: Jobs, outcomes: readonly Outcome[], now: number): Settled {
  let wakes = false;
  const settled = outcomes.map((outcome) => {
    const job = jobs.find(outcome.id);
    if (job?.place.state !== "running" || job.place.token !== outcome.token) return false;
    wakes = apply(jobs, { job, outcome, now }) || wakes;
    return true;
  });
  return { settled, wakes };
}

interface Application {
  readonly job: MemoryJob;
  readonly outcome: Outcome;
  readonly now: number;
}

/** Applies one outcome; true when somebody should be woken for it. */
function apply(jobs: Jobs, { job, outcome, now }: Application): boolean {
  switch (outcome.kind) {
    case "completed": {
      const { result, keepMs = DEFAULT_KEEP_MS.completed } = outcome;
      finish(jobs, job, { state: "completed", now, keepMs, result });
      return false;
    }
    case "retry":
      if (outcome.counts === false) job.interruptions++;
      else job.attempts++;
      job.error = { ...outcome.error };
      addHistory(job, { now, event: "retried", detail: outcome.error.message });
      jobs.put(job, { place: placeAt(now + outcome.delayMs, now) });
      return true;
    case "failed": {
      const { error, keepMs = DEFAULT_KEEP_MS.failed, counts = true } = outcome;
      if (counts) job.attempts++;
      job.error = { ...error };
      addHistory(job, { now, event: "failed", detail: error.message });
      finish(jobs, job, { state: "failed", now, keepMs });
      return false;
    }
    case "released":
      if (outcome.started) {
        job.interruptions++;
        addHistory(job, { now, event: "interrupted" });
      }
      jobs.put(job, { place: WAITING });
      return true;
    case "crashed":
      return !takeBack(jobs, job, { kind: "crashed", detail: outcome.detail, now });
    case "cancelled":
      addHistory(job, { now, event: "cancelled" });
      finish(jobs, job, { state: "cancelled", now, keepMs: DEFAULT_KEEP_MS.cancelled });
      return false;
    case "advanced":
      job.attempts = 0;
      job.payload = outcome.payload ?? job.payload;
      addHistory(job, { now, event: "moved", detail: outcome.queue });
      jobs.put(job, {
        queue: jobs.ensureQueue(outcome.queue),
        place: placeAt(now + (outcome.delayMs ?? 0), now),
      });
      return true;
  }
}
