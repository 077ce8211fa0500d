import { GangerError } from "../errors.ts";
import { assertBackoff, type Backoff } from "../job/backoff.ts";
import { assertCount, type JobDefinition, type Retention, toKeep } from "../job/define-job.ts";
import { type Duration, toMs } from "../job/duration.ts";
import { DEFAULT_MAX_CRASHES, type NewJob } from "../job/job.ts";
import type { JobOverrides } from "../job/overrides.ts";
import { toJson, validate } from "../job/payload.ts";

/** What one job may have otherwise than its definition says. */
export interface EnqueueOptions {
  /** @default the definition's queue */
  readonly queue?: string | undefined;
  /** Higher runs first within its queue. @default 0 */
  readonly priority?: number | undefined;
  /** Run no sooner than this from now. Excludes `runAt`. */
  readonly delay?: Duration | undefined;
  /** Run no sooner than at this time. Excludes `delay`. */
  readonly runAt?: Date | undefined;
  readonly attempts?: number | undefined;
  readonly backoff?: Backoff | undefined;
  readonly timeout?: Duration | undefined;
  readonly retention?: Retention | undefined;
  readonly maxCrashes?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  /**
   * A connection of the broker's own driver to the broker's own database, on which you have a transaction open: the job
   * exists when you commit, or not at all. Brokers without the facet `transactions` refuse it.
   */
  readonly transaction?: object | undefined;
}

const KNOWN_KEYS = new Set([
  "queue",
  "priority",
  "delay",
  "runAt",
  "attempts",
  "backoff",
  "timeout",
  "retention",
  "maxCrashes",
  "tags",
  "transaction",
]);

/** Checks a payload and its options, and makes a broker's job of them. A promise only where the schema needs one. */
export function toNewJob<Input, Output>(
  definition: JobDefinition<Input, Output>,
  payload: Input,
  options: EnqueueOptions | undefined,
  maxPayloadBytes: number | undefined,
): NewJob | Promise<NewJob> {
  const what = `The payload of "${definition.name}"`;
  const build = () =>
    newJob(definition, toJson(payload === undefined ? null : payload, what, maxPayloadBytes), options);
  if (definition.input === undefined) return build();
  const checked = validate(definition.input, payload, what);
  return checked instanceof Promise ? checked.then(build) : build();
}

function newJob(
  { name, queue, maxCrashes }: Pick<JobDefinition, "name" | "queue" | "maxCrashes">,
  payload: string,
  options: EnqueueOptions | undefined,
): NewJob {
  if (options === undefined) {
    return maxCrashes === DEFAULT_MAX_CRASHES
      ? { queue, name, payload }
      : { queue, name, payload, maxCrashes };
  }
  assertKnownKeys(options);
  const { delay, runAt, priority, tags } = options;
  const overrides = toOverrides(options, name);
  return {
    queue: options.queue ?? queue,
    name,
    payload,
    priority,
    tags,
    delayMs: delay === undefined ? undefined : toMs(delay, "delay"),
    runAtMs: runAt === undefined ? undefined : timeOf(runAt),
    maxCrashes: options.maxCrashes ?? maxCrashes,
    options: Object.keys(overrides).length === 0 ? undefined : JSON.stringify(overrides),
  };
}

function toOverrides({ attempts, backoff, timeout, retention }: EnqueueOptions, job: string): JobOverrides {
  if (attempts !== undefined) assertCount("attempts", attempts, job);
  if (backoff !== undefined) assertBackoff(backoff);
  return {
    ...(attempts === undefined ? {} : { attempts }),
    ...(backoff === undefined ? {} : { backoff }),
    ...(timeout === undefined ? {} : { timeoutMs: toMs(timeout, "timeout") }),
    ...(retention === undefined ? {} : { keep: toKeep(retention) }),
  };
}

function timeOf(date: Date): number {
  const ms = date.getTime();
  if (ms >= 0) return ms;
  throw new GangerError("GANGER_OPTION_INVALID", `runAt is ${String(date)}`, { hint: "Give a valid Date." });
}

function assertKnownKeys(options: object): void {
  const unknown = Object.keys(options).find((key) => !KNOWN_KEYS.has(key));
  if (unknown === undefined) return;
  throw new GangerError("GANGER_OPTION_INVALID", `"${unknown}" is no option of enqueue`, {
    hint: `Use ${[...KNOWN_KEYS].join(", ")}.`,
  });
}
