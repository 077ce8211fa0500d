import type { Broker } from "../../broker/broker.ts";
import type { Outcome } from "../../broker/claim.ts";
import type { JobError } from "../../job/job.ts";
import type { Announcer } from "../../telemetry/events.ts";
import { announceOutcome } from "./announce.ts";
import type { JobRun } from "./job-run.ts";

/**
 * Runs that wrote their completion into a transaction of the user's. What became of them is known when the store has
 * answered: it refuses the outcome of a run whose transaction was committed, for the job is completed already.
 */
export class Transacted {
  readonly #events: Announcer;
  readonly #inspect: Broker["inspect"];
  readonly #runs = new WeakMap<Outcome, JobRun>();

  constructor(events: Announcer, { inspect }: Pick<Broker, "inspect">) {
    this.#events = events;
    this.#inspect = inspect;
  }

  /** Waits with what there is to say of a run until its outcome is answered. */
  expect(run: JobRun, outcome: Outcome): void {
    this.#runs.set(outcome, run);
  }

  /** Whether the outcome was one of those; then what there is to say of it is said. */
  answered(outcome: Outcome, counted: boolean): boolean {
    const run = this.#runs.get(outcome);
    if (run === undefined) return false;
    if (counted || outcome.kind === "completed") announceOutcome(this.#events, run, outcome);
    else void this.#explain(run, outcome);
    return true;
  }

  /** It ended in another way than its transaction said. */
  async #explain(run: JobRun, outcome: Outcome): Promise<void> {
    const { id, queue, name } = run;
    // A job that is to be kept for no time is not there any more once it is completed.
    const job = await this.#inspect?.find(id).catch(() => undefined);
    if (job !== undefined && job.state !== "completed")
      return this.#events.announce("job:lost", () => [{ id }]);
    const { token } = run.claim;
    announceOutcome(this.#events, run, { id, token, kind: "completed" });
    this.#events.announce("job:overruled", () => [{ id, queue, name, error: errorOf(outcome) }]);
  }
}

function errorOf(outcome: Outcome): JobError {
  if ("error" in outcome) return outcome.error;
  const detail = outcome.kind === "crashed" ? ` ${outcome.detail ?? ""}` : "";
  return { name: "Error", message: `The run ended as ${outcome.kind}${detail}` };
}
