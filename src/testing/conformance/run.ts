import { fileURLToPath } from "node:url";
import type { Broker } from "../../broker/broker.ts";
import { openBroker } from "../../broker/connect.ts";
import { type BenchOptions, withBench } from "./bench.ts";
import type { ConformanceCase } from "./case.ts";
import { conformanceCases } from "./cases.ts";
import { LIMITS } from "./limits.ts";

export interface VerifyOptions {
  /** @default all of `conformanceCases` */
  readonly cases?: readonly ConformanceCase[] | undefined;

  /**
   * Whether the store is empty and nobody else uses it. Without, the cases
   * that look at the whole store are skipped. @default false
   */
  readonly isPrivate?: boolean | undefined;

  /** Whether to skip the cases that take seconds. @default false */
  readonly quick?: boolean | undefined;

  /** Opens the same store once more. @default by the broker's URL, where it has one */
  readonly reopen?: (() => Promise<Broker>) | undefined;

  /** Moves the store's clock, where that is not a real one; by default cases wait. */
  readonly elapse?: ((ms: number) => Promise<void> | void) | undefined;

  /** Called after each case. */
  readonly onResult?: ((result: CaseResult) => void) | undefined;

  /** Ends the run after the case that is under way. */
  readonly signal?: AbortSignal | undefined;
}

export interface CaseResult {
  readonly name: string;
  readonly status: "passed" | "failed" | "skipped";
  /** Why it was skipped, or in what it failed. */
  readonly reason?: string | undefined;
  readonly error?: unknown;
  readonly durationMs: number;
}

export interface VerifyReport {
  readonly results: readonly CaseResult[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Runs the conformance cases against a broker, one after the other, and reports
 * what it does not do as it should. It never rejects for a case that fails.
 *
 * All names have a random prefix and all jobs are deleted in the end, so that
 * it may run beside others' jobs. Workers that serve every queue (`*`) would
 * run its jobs, though, and make cases fail.
 *
 * @example
 * ```ts
 * const { failed, results } = await verifyBroker(broker, { isPrivate: true });
 * ```
 */
export async function verifyBroker(broker: Broker, options: VerifyOptions = {}): Promise<VerifyReport> {
  const { cases = conformanceCases, onResult, signal } = options;
  const bench = toBenchOptions(broker, options);
  const results: CaseResult[] = [];
  for (const each of cases) {
    if (signal?.aborted === true) break;
    const result = await runCase(each, bench, options.quick === true);
    results.push(result);
    onResult?.(result);
  }
  const count = (status: CaseResult["status"]) => results.filter((result) => result.status === status).length;
  return { results, passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

/** Why a case says nothing about a broker, or `undefined` when it can run. */
export function reasonToSkip(
  { name: title, needs = [], requires }: ConformanceCase,
  bench: BenchOptions,
): string | undefined {
  const { broker, reopen, claimer, isPrivate } = bench;
  const missing = needs.filter((name) => broker[name] === undefined);
  if (missing.length > 0) return `${broker.name} has no ${missing.join(" and no ")}`;
  const limit = LIMITS[broker.name]?.[title];
  if (limit !== undefined) return limit;
  switch (requires) {
    case "reopen":
      return reopen === undefined ? `${broker.name} has no second connection to one store` : undefined;
    case "processes":
      if (broker.url === undefined || reopen === undefined) return `${broker.name} is of one process`;
      return claimer === undefined ? "the program claimer.js is not built" : undefined;
    case "private":
      return isPrivate ? undefined : "the store may hold the jobs of others";
    case "transaction":
      return bench.begin === undefined ? "nobody told how a user opens a transaction" : undefined;
    case undefined:
      return undefined;
  }
}

async function runCase(each: ConformanceCase, bench: BenchOptions, quick: boolean): Promise<CaseResult> {
  const { name } = each;
  const skipped = quick && each.slow === true ? "it takes seconds" : reasonToSkip(each, bench);
  if (skipped !== undefined) return { name, status: "skipped", reason: skipped, durationMs: 0 };
  const start = performance.now();
  try {
    await withBench(bench, each.run);
    return { name, status: "passed", durationMs: performance.now() - start };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name, status: "failed", reason, error, durationMs: performance.now() - start };
  }
}

function toBenchOptions(broker: Broker, { isPrivate = false, reopen, elapse }: VerifyOptions): BenchOptions {
  const { url } = broker;
  return {
    broker,
    isPrivate,
    elapse,
    reopen: reopen ?? (url === undefined ? undefined : () => openBroker(url)),
    claimer: import.meta.url.endsWith(".js")
      ? fileURLToPath(new URL("./claimer.js", import.meta.url))
      : undefined,
  };
}
