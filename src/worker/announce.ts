import type { Outcome } from "../broker/claim.ts";
import type { Announcer } from "../telemetry/events.ts";
import type { JobRun } from "./job-run.ts";

/** Tells listeners what became of a run. */
export function announceOutcome(events: Announcer, run: JobRun, outcome: Outcome): void {
  const { id, queue, name } = run;
  switch (outcome.kind) {
    case "completed":
      if (events.listenerCount("job:completed") === 0) return;
      events.emit("job:completed", { id, queue, name, ms: performance.now() - run.startedAt });
      return;
    case "retry":
      events.emit("job:retried", { id, queue, name, error: outcome.error });
      return;
    case "failed":
      events.emit("job:failed", { id, queue, name, error: outcome.error });
      return;
    case "released":
    case "cancelled":
    case "advanced":
  }
}
