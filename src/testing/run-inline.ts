import type { Claim, Outcome } from "../broker/claim.ts";
import type { JobDefinition } from "../job/define-job.ts";
import type { JobError } from "../job/job.ts";
import { toJson, validate } from "../job/payload.ts";
import { runInline as execute } from "../worker/run/executor.ts";
import { JobRun } from "../worker/run/job-run.ts";

/** What became of a job that was run on the spot. */
export interface InlineRun<Result> {
  /** `retry` is a failure with attempts left. */
  readonly state: "completed" | "retry" | "failed";
  /** What `perform` returned, as it would be read back from a store; `undefined` unless completed. */
  readonly result: Result | undefined;
  readonly error: JobError | undefined;
  /** How long a retry would have waited. */
  readonly delayMs: number | undefined;
  readonly logs: readonly string[];
  /** The last that was reported. */
  readonly progress: number | undefined;
}

export interface InlineOptions {
  /** Which attempt it is. @default 1 */
  readonly attempt?: number | undefined;
  /** How often processes died under the job before. @default 0 */
  readonly crashes?: number | undefined;
  /** Aborts the job's signal when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a job here and now, without a broker, as a worker would: the payload
 * goes through JSON and through the schema, an error becomes a retry or a failure.
 *
 * @example
 * ```ts
 * const { state, result } = await runInline(receipt, { orderId: 42 });
 * ```
 *
 * @throws `GANGER_PAYLOAD_*` for a payload that `enqueue` would refuse.
 */
export async function runInline<Input, Output, Result>(
  definition: JobDefinition<Input, Output, Result>,
  payload: Input,
  { attempt = 1, crashes = 0, signal }: InlineOptions = {},
): Promise<InlineRun<Result>> {
  const what = `The payload of "${definition.name}"`;
  if (definition.input !== undefined) await validate(definition.input, payload, what);
  const { name, queue } = definition;
  const text = toJson(payload === undefined ? null : payload, what);
  const claim: Claim = { ...CLAIM, name, queue, payload: text, attempts: attempt - 1, crashes };
  const logs: string[] = [];
  let reported: number | undefined;
  const run = new JobRun(claim, toAny(definition), 0, {
    noted(_, { progress, line }) {
      if (line !== undefined) logs.push(line);
      reported = progress ?? reported;
    },
    // There is no store: whatever the job does in its transaction, the claim holds.
    completeIn: async () => true,
  });
  const abort = () => run.abort(new Error("aborted by the test"));
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort);
  const outcome = await new Promise<Outcome>((resolve) => execute(run, (_, settled) => resolve(settled)));
  return { ...toRun<Result>(outcome), logs, progress: reported };
}

const CLAIM = { id: "1", token: 1, priority: 0, interruptions: 0, enqueuedAtMs: 0 };

/** A definition without its types, as a registry keeps it. */
function toAny<Input, Output, Result>(definition: JobDefinition<Input, Output, Result>): JobDefinition {
  return definition;
}

function toRun<Result>(outcome: Outcome): Omit<InlineRun<Result>, "logs" | "progress"> {
  const none = { result: undefined, error: undefined, delayMs: undefined };
  if (outcome.kind === "completed") {
    return {
      ...none,
      state: "completed",
      result: outcome.result === undefined ? undefined : JSON.parse(outcome.result),
    };
  }
  if (outcome.kind === "retry") {
    return { ...none, state: "retry", error: outcome.error, delayMs: outcome.delayMs };
  }
  return { ...none, state: "failed", error: outcome.kind === "failed" ? outcome.error : undefined };
}
