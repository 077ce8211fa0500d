import type { Outcome } from "../../broker/claim.ts";
import type { Announcer } from "../../telemetry/events.ts";
import type { JobRun } from "./job-run.ts";

/** Tells listeners what became of a run. */
export function announceOutcome(events: Announcer, run: JobRun, outcome: Outcome): void {
  const { id, queue, name } = run;
  switch (outcome.kind) {
    case "completed":
      return events.announce("job:completed", () => [
        { id, queue, name, ms: performance.now() - run.startedAt },
      ]);
    case "retry":
      return events.announce("job:retried", () => [{ id, queue, name, error: outcome.error }]);
    case "failed":
      return events.announce("job:failed", () => [{ id, queue, name, error: outcome.error }]);
    case "crashed":
      return events.announce("job:crashed", () => [{ id, queue, name, detail: outcome.detail ?? "" }]);
    case "released":
    case "cancelled":
    case "advanced":
  }
}
