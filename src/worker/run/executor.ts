import type { Outcome } from "../../broker/claim.ts";
import { GangerError } from "../../errors.ts";
import { validate } from "../../job/payload.ts";
import type { JobRun } from "./job-run.ts";
import { toFailure, toSuccess } from "./outcome.ts";

/** Runs one job somewhere and says once what became of it. One implementation per isolation. */
export type Executor = (run: JobRun, settle: (run: JobRun, outcome: Outcome) => void) => void;

/** Runs a job in this process. No promise is made for a job that needs none. */
export const runInline: Executor = (run, settle) => {
  let result: unknown;
  let isPending: boolean;
  try {
    result = perform(run);
    isPending = isThenable(result);
  } catch (error) {
    settle(run, failureOf(run, error));
    return;
  }
  if (!isPending) {
    settle(run, toSuccess(run, result));
    return;
  }
  // What is thenable need be no promise: it may throw when it is asked, and answer twice.
  Promise.resolve(result).then(
    (value) => settle(run, toSuccess(run, value)),
    (error: unknown) => settle(run, failureOf(run, error)),
  );
};

/** Anything can be thrown, also what throws when it is looked at. */
function failureOf(run: JobRun, thrown: unknown): Outcome {
  run.thrown = thrown;
  try {
    return toFailure(run, thrown);
  } catch {
    return toFailure(run, new Error(`The job "${run.name}" threw something that cannot be read`));
  }
}

function perform(run: JobRun): unknown {
  const payload = parse(run);
  const { input } = run.definition;
  if (input === undefined) return begin(run, payload);
  const checked = validate(input, payload, `The payload of "${run.name}"`);
  return checked instanceof Promise ? checked.then((value) => begin(run, value)) : begin(run, checked);
}

function begin(run: JobRun, payload: unknown): unknown {
  run.hasBegun = true;
  return run.definition.perform(payload, run);
}

function parse({ claim }: JobRun): unknown {
  try {
    return JSON.parse(claim.payload);
  } catch (cause) {
    throw new GangerError("GANGER_PAYLOAD_INVALID", `The payload of "${claim.name}" is no JSON`, { cause });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
