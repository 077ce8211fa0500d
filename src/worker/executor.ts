import type { Outcome } from "../broker/claim.ts";
import { GangerError } from "../errors.ts";
import { validate } from "../job/payload.ts";
import type { JobRun } from "./job-run.ts";
import { toFailure, toSuccess } from "./outcome.ts";

/** Runs one job somewhere and says once what became of it. One implementation per isolation. */
export type Executor = (run: JobRun, settle: (run: JobRun, outcome: Outcome) => void) => void;

/** Runs a job in this process. No promise is made for a job that needs none. */
export const runInline: Executor = (run, settle) => {
  let result: unknown;
  try {
    result = perform(run);
  } catch (error) {
    settle(run, toFailure(run, error));
    return;
  }
  if (!isThenable(result)) {
    settle(run, toSuccess(run, result));
    return;
  }
  result.then(
    (value) => settle(run, toSuccess(run, value)),
    (error: unknown) => settle(run, toFailure(run, error)),
  );
};

function perform(run: JobRun): unknown {
  const payload = parse(run);
  const { input } = run.definition;
  if (input === undefined) return run.definition.perform(payload, run);
  const checked = validate(input, payload, `The payload of "${run.name}"`);
  return checked instanceof Promise
    ? checked.then((value) => run.definition.perform(value, run))
    : run.definition.perform(checked, run);
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
