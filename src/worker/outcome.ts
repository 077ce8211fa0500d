import type { Claim, Outcome } from "../broker/claim.ts";
import { GangerError, isGangerError } from "../errors.ts";
import { backoffMs } from "../job/backoff.ts";
import { toMs } from "../job/duration.ts";
import type { JobError } from "../job/job.ts";
import { toJobError } from "../job/job-error.ts";
import { toJson } from "../job/payload.ts";
import type { JobRun } from "./job-run.ts";

/** Why a run was asked to end. A run that ends for `lost` is not reported at all. */
export class Interruption extends Error {
  readonly kind: "stopping" | "lost" | "timeout";

  constructor(kind: Interruption["kind"], message: string) {
    super(message);
    this.name = kind === "timeout" ? "TimeoutError" : "AbortError";
    this.kind = kind;
  }
}

/** The outcome of a run that returned. */
export function toSuccess(run: JobRun, value: unknown): Outcome {
  const { id, token } = run.claim;
  const keepMs = run.overrides.keep?.completedMs ?? run.definition.keep.completedMs;
  if (value === undefined)
    return keepMs === undefined ? { id, token, kind: "completed" } : { id, token, kind: "completed", keepMs };
  try {
    return { id, token, kind: "completed", result: toJson(value, `The result of "${run.name}"`), keepMs };
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
  const error = toJobError(isInterruption(run.abortReason, "timeout") ? run.abortReason : thrown);
  if (run.attempt >= run.attempts) return toFailed(run, error);
  return { id, token, kind: "retry", delayMs: delayOf(run, error), error };
}

/**
 * The outcome of a job that this process has no definition of. Perhaps another
 * worker has, or the next release: it counts as an interruption, uses up no
 * attempt, and is failed when nobody has known it for about a day.
 */
export function toUnknown({ id, token, name, interruptions }: Claim): Extract<Outcome, { error: unknown }> {
  const error = toJobError(
    new GangerError("GANGER_JOB_UNKNOWN", `No job is named "${name}" in this worker`, {
      hint: "Export its definition from the modules that the worker loads.",
    }),
  );
  if (interruptions >= DAY_MS / UNKNOWN_DELAY_MS) return { id, token, kind: "failed", error, counts: false };
  return { id, token, kind: "retry", delayMs: UNKNOWN_DELAY_MS, error, counts: false };
}

const DAY_MS = 86_400_000;
const UNKNOWN_DELAY_MS = 30_000;

export function isInterruption(reason: unknown, kind: Interruption["kind"]): reason is Interruption {
  return reason instanceof Interruption && reason.kind === kind;
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
