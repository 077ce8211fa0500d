import type { Outcome } from "../broker/claim.ts";
import type { JobEnd, JobHooks } from "../job/hooks.ts";
import type { Executor } from "./run/executor.ts";
import type { JobRun } from "./run/job-run.ts";
import { toFailure } from "./run/outcome.ts";

/** Runs jobs as another executor does, and calls hooks before and after. A hook that throws is warned of, no more. */
export function withHooks(execute: Executor, hooks: JobHooks): Executor {
  return (run, settle) => {
    const end = async (outcome: Outcome): Promise<void> => {
      run.verdict = outcome;
      await callHook("afterJob", () => hooks.afterJob?.(run, endOf(run, outcome)), warn);
      settle(run, outcome);
    };
    const begin = async (): Promise<void> => {
      await callHook("beforeJob", () => hooks.beforeJob?.(run), warn);
      // Its time may be up before it has begun.
      if (run.abortReason === undefined) execute(run, (_, outcome) => void end(outcome));
      else await end(toFailure(run, run.abortReason));
    };
    void begin();
  };
}

/** What the job threw is worth more to a hook than the data that is kept of it. */
function endOf(run: JobRun, outcome: Outcome): JobEnd {
  if (outcome.kind === "completed") return {};
  return { error: run.thrown ?? run.abortReason ?? ("error" in outcome ? outcome.error : undefined) };
}

/** Waits for a hook, 10 s at most. Whatever becomes of it, things go on. */
export async function callHook(
  name: string,
  hook: () => unknown,
  report: (name: string, problem: string) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const answer = hook();
    if (!(answer instanceof Promise)) return;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(reject, LIMIT_MS, new Error(`it did not end within ${LIMIT_MS / 1000} s`));
    });
    await Promise.race([answer, limit]);
  } catch (error) {
    report(name, messageOf(error));
  } finally {
    clearTimeout(timer);
  }
}

const LIMIT_MS = 10_000;

function warn(name: string, problem: string): void {
  process.emitWarning(`The hook ${name} failed: ${problem}`, "GangerWarning");
}

/** Anything can be thrown, also what throws when it is looked at. */
function messageOf(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return "it threw something that cannot be read";
  }
}
