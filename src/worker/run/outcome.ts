import type { Claim, Outcome } from "../../broker/claim.ts";
import { GangerError, isGangerError } from "../../errors.ts";
import { backoffMs } from "../../job/backoff.ts";
import { toMs } from "../../job/duration.ts";
import type { JobError } from "../../job/job.ts";
import { toJobError } from "../../job/job-error.ts";
import { toJson } from "../../job/payload.ts";
import type { JobRun } from "./job-run.ts";

/**
 * Why a run was asked to end. For `stopping` it goes back at no cost; for
 * `timeout` and `cut` it has failed; what it says after `lost` is refused.
 */
export class Interruption extends Error {
  readonly kind: "stopping" | "lost" | "timeout" | "cut";

  constructor(kind: Interruption["kind"], message: string) {
    super(message);
    this.name = kind === "timeout" ? "TimeoutError" : "AbortError";
    this.kind = kind;
  }
}

/** The outcome of a run that has done its work. @throws `GANGER_PAYLOAD_*` for a result that cannot be kept. */
export function toCompleted(run: JobRun, value: unknown): Outcome {
  const { id, token } = run.claim;
  const keepMs = run.overrides.keep?.completedMs ?? run.definition.keep.completedMs;
  if (value === undefined)
    return keepMs === undefined ? { id, token, kind: "completed" } : { id, token, kind: "completed", keepMs };
  return { id, token, kind: "completed", result: toJson(value, `The result of "${run.name}"`), keepMs };
}

/** The outcome of a run that returned. */
export function toSuccess(run: JobRun, value: unknown): Outcome {
  try {
    return toCompleted(run, value);
  } catch (error) {
    // The work is done: to do it again for the sake of its result would be worse than to say so.
    return toFailed(run, toJobError(error));
  }
}

/** The outcome of a run that threw: a retry, or a failure when its attempts are used up. */
export function toFailure(run: JobRun, thrown: unknown): Outcome {
  const { id, token } = run.claim;
  if (isInterruption(run.abortReason, "stopping")) return { id, token, kind: "released", started: true };
  if (!run.hasBegun && isGangerError(thrown, "GANGER_PAYLOAD_INVALID"))
    return { ...toFailed(run, toJobError(thrown)), counts: false };
  const error = toJobError(isBlamed(run.abortReason) ? run.abortReason : thrown);
  if (run.attempt >= run.attempts) return toFailed(run, error);
  return { id, token, kind: "retry", delayMs: delayOf(run, error), error };
}

/**
 * The outcome of a job that this process has no definition of. Perhaps another
 * worker has, or the next release: it counts as an interruption, uses up no
 * attempt, and is failed when nobody has known it for about a day.
 */
export function toUnknown(claim: Claim): WithError {
  const error = new GangerError("GANGER_JOB_UNKNOWN", `No job is named "${claim.name}" in this worker`, {
    hint: "Export its definition from the modules that the worker loads.",
  });
  return toPostponed(claim, error, UNKNOWN_DELAY_MS);
}

type WithError = Extract<Outcome, { error: unknown }>;

/** The outcome of a job that could not be begun, through no fault of its own. */
function toPostponed({ id, token, interruptions }: Claim, reason: GangerError, delayMs: number): WithError {
  const error = toJobError(reason);
  if (interruptions >= DAY_MS / UNKNOWN_DELAY_MS) return { id, token, kind: "failed", error, counts: false };
  return { id, token, kind: "retry", delayMs, error, counts: false };
}

/** What was to run a job may be there again in a moment, as when it was killed; or not for long, as when its code is broken. */
export function toUnstarted(claim: Claim, reason: GangerError): WithError {
  const delayMs = FIRST_DELAY_MS * 2 ** Math.min(claim.interruptions, 7);
  return toPostponed(claim, reason, Math.min(delayMs, UNKNOWN_DELAY_MS));
}

const FIRST_DELAY_MS = 250;

const DAY_MS = 86_400_000;
const UNKNOWN_DELAY_MS = 30_000;

export function isInterruption(reason: unknown, kind: Interruption["kind"]): reason is Interruption {
  return reason instanceof Interruption && reason.kind === kind;
}

/** The reason says more than what the job made of it. */
function isBlamed(reason: unknown): boolean {
  return isInterruption(reason, "timeout") || isInterruption(reason, "cut");
}

function toFailed(run: JobRun, error: JobError): Extract<Outcome, { kind: "failed" }> {
  const { id, token } = run.claim;
  return {
    id,
    token,
    kind: "failed",
    error,
    keepMs: run.overrides.keep?.failedMs ?? run.definition.keep.failedMs,
  };
}

/** A backoff function is the user's: what it throws or returns must not cost the job its retry. */
function delayOf(run: JobRun, error: JobError): number {
  const backoff = run.overrides.backoff ?? run.definition.backoff;
  if (typeof backoff !== "function") return backoffMs(backoff, run.attempt, Math.random());
  try {
    return toMs(backoff(run.attempt, error));
  } catch {
    return DEFAULT_DELAY_MS;
  }
}

const DEFAULT_DELAY_MS = 1000;
