import type { StandardSchemaV1 } from "@standard-schema/spec";
import { GangerError } from "../errors.ts";
import { assertBackoff, type Backoff, type BackoffFunction, DEFAULT_BACKOFF } from "./backoff.ts";
import type { JobContext } from "./context.ts";
import { type Duration, toMs } from "./duration.ts";
import { type Isolation, type ResolvedIsolation, resolveIsolation } from "./isolation.ts";
import { DEFAULT_MAX_CRASHES } from "./job.ts";
import { assertJobName, assertQueueName } from "./names.ts";
import type { Keep } from "./overrides.ts";

/** What one kind of job is: its name, its policies and the function that does the work. */
export interface JobOptions<Input, Output, Result> {
  /** Unique in an application. */
  readonly name: string;
  /** Where its jobs wait unless they are enqueued elsewhere. @default "default" */
  readonly queue?: string | undefined;
  /** Any Standard Schema (zod, valibot, arktype, …); checked at enqueue and again before a run. */
  readonly input?: StandardSchemaV1<Input, Output> | undefined;
  /** Runs that may end in an error before the job is failed. @default 3 */
  readonly attempts?: number | undefined;
  /** @default exponential from "1s" to "1h" with a jitter of 0.2 */
  readonly backoff?: Backoff | BackoffFunction | undefined;
  /** How long a run may take before its signal is aborted. @default none */
  readonly timeout?: Duration | undefined;
  /** How long after that it may go on before it is given up. @default "5s" */
  readonly grace?: Duration | undefined;
  /** Processes that may die under a job before it is failed as poison. @default 3 */
  readonly maxCrashes?: number | undefined;
  /** Where its jobs run. @default what the worker says, which is "inline" unless told otherwise */
  readonly isolation?: Isolation | undefined;
  /** How long finished jobs are kept. @default completed "1d", failed "30d" */
  readonly retention?: Retention | undefined;
  /** Does the work. What it returns is kept as JSON with the completed job. */
  readonly perform: (payload: Output, job: JobContext) => Result | Promise<Result>;
}

export interface Retention {
  readonly completed?: Duration | undefined;
  readonly failed?: Duration | undefined;
}

/** A checked and frozen job definition. `Input` is what producers give, `Output` what `perform` gets. */
export interface JobDefinition<Input = unknown, Output = unknown, Result = unknown> {
  readonly [definitionBrand]: true;
  readonly name: string;
  readonly queue: string;
  readonly input: StandardSchemaV1<Input, Output> | undefined;
  readonly attempts: number;
  readonly backoff: Backoff | BackoffFunction;
  readonly timeoutMs: number | undefined;
  readonly graceMs: number;
  readonly maxCrashes: number;
  /** `undefined` leaves it to the worker. */
  readonly isolation: ResolvedIsolation | undefined;
  readonly keep: Keep;
  perform(payload: Output, job: JobContext): Result | Promise<Result>;
}

/** By registry, so that two installed copies of this package agree on what a definition is. */
export const definitionBrand: unique symbol = Symbol.for("ganger.job");

/**
 * Defines a kind of job. Types are inferred from its schema, or from the first parameter of `perform`.
 *
 * @example
 * ```ts
 * export const receipt = defineJob({
 *   name: "receipt",
 *   queue: "mail",
 *   input: z.object({ orderId: z.number() }),
 *   async perform({ orderId }, job) { … },
 * });
 * ```
 *
 * @throws `GANGER_JOB_INVALID`, `GANGER_QUEUE_INVALID`, `GANGER_OPTION_INVALID` or `GANGER_DURATION_INVALID`.
 */
export function defineJob<Input, Output, Result>(
  options: JobOptions<Input, Output, Result> & { readonly input: StandardSchemaV1<Input, Output> },
): JobDefinition<Input, Output, Result>;
export function defineJob<Payload, Result>(
  options: JobOptions<Payload, Payload, Result> & { readonly input?: undefined },
): JobDefinition<Payload, Payload, Result>;
export function defineJob<Input, Output, Result>(
  options: JobOptions<Input, Output, Result>,
): JobDefinition<Input, Output, Result>;
export function defineJob<Input, Output, Result>(
  options: JobOptions<Input, Output, Result>,
): JobDefinition<Input, Output, Result> {
  assertKnownKeys(options);
  const { name, queue = "default", input, attempts = 3, backoff = DEFAULT_BACKOFF, perform } = options;
  const { timeout, grace = "5s", maxCrashes = DEFAULT_MAX_CRASHES, retention = {} } = options;
  const { isolation } = options;
  assertJobName(name);
  assertQueueName(queue);
  assertCount("attempts", attempts, name);
  assertCount("maxCrashes", maxCrashes, name);
  if (typeof backoff !== "function") assertBackoff(backoff);
  if (typeof perform !== "function") {
    throw new GangerError("GANGER_JOB_INVALID", `The job "${name}" has no perform function`);
  }
  return Object.freeze({
    [definitionBrand]: true as const,
    name,
    queue,
    input,
    attempts,
    backoff,
    timeoutMs: timeout === undefined ? undefined : toMs(timeout, `timeout of "${name}"`),
    graceMs: toMs(grace, `grace of "${name}"`),
    maxCrashes,
    isolation: isolation === undefined ? undefined : resolveIsolation(isolation, `The job "${name}"`),
    keep: toKeep(retention),
    perform,
  });
}

export function isJobDefinition(value: unknown): value is JobDefinition {
  return typeof value === "object" && value !== null && definitionBrand in value;
}

export function toKeep({ completed, failed }: Retention): Keep {
  return {
    ...(completed === undefined ? {} : { completedMs: toMs(completed, "retention.completed") }),
    ...(failed === undefined ? {} : { failedMs: toMs(failed, "retention.failed") }),
  };
}

export function assertCount(what: string, value: number, job: string): void {
  if (Number.isInteger(value) && value >= 1 && value <= MAX_COUNT) return;
  throw new GangerError("GANGER_OPTION_INVALID", `${what} of the job "${job}" is ${value}`, {
    hint: `Give a whole number from 1 to ${MAX_COUNT}.`,
  });
}

const MAX_COUNT = 1_000_000;

const KNOWN_KEYS = new Set([
  "name",
  "queue",
  "input",
  "attempts",
  "backoff",
  "timeout",
  "grace",
  "maxCrashes",
  "isolation",
  "retention",
  "perform",
]);

function assertKnownKeys(options: object): void {
  const unknown = Object.keys(options).find((key) => !KNOWN_KEYS.has(key));
  if (unknown === undefined) return;
  throw new GangerError("GANGER_JOB_INVALID", `"${unknown}" is no option of a job`, {
    hint: `Use ${[...KNOWN_KEYS].join(", ")}.`,
  });
}
