import type { QueueOrder } from "../job/queue-list.ts";
import type { LogFormat, LogLevel } from "./options.ts";

/** What the schema makes of the merged options. */
export interface Settings {
  readonly app: string;
  readonly broker: string;
  readonly jobs: readonly string[];
  readonly workers: readonly WorkerGroup[];
  /** How many finished jobs a queue keeps; what a broker's `prune` takes. */
  readonly retention: { readonly completed: number; readonly failed: number; readonly cancelled: number };
  readonly heartbeat: { readonly everyMs: number; readonly ttlMs: number };
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/**
 * The configuration with every default filled in, every duration in
 * milliseconds and every path absolute: frozen plain data, fit to be handed to
 * another process. `broker` may hold a password.
 */
export interface ResolvedConfig extends Settings {
  /** The file it was read from; `undefined` when there was none. */
  readonly file: string | undefined;
  readonly environment: string;
}

/** The workers of one queue list. */
export interface WorkerGroup {
  /** The queue list as text, which is the label of its workers. */
  readonly queues: string;
  readonly count: number;
  readonly concurrency: number;
  readonly order: QueueOrder;
  readonly isolation: "inline";
  readonly stopMs: number;
}

/** Freezes plain data all the way down. */
export function deepFreeze<T>(data: T): T {
  if (typeof data === "object" && data !== null && !Object.isFrozen(data)) {
    Object.freeze(data);
    for (const value of Object.values(data)) deepFreeze(value);
  }
  return data;
}
