import type { Duration } from "../job/duration.ts";
import type { QueueOrder } from "../job/queue-list.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const QUEUE_ORDERS = ["strict", "weighted", "fair"] as const satisfies readonly QueueOrder[];

export const ISOLATIONS = ["inline", "thread", "process"] as const;
/** Where a job runs: in its worker, in a thread of it, or in a process of its own. */
export type Isolation = (typeof ISOLATIONS)[number];

/** What `ganger.yml` may say, and what a `ganger.ts` exports as its default. */
export interface GangerConfig extends Section {
  /** What is different in an environment, by its name; laid over the rest. The environment is `GANGER_ENV`, or `NODE_ENV`. */
  readonly environments?: Readonly<Record<string, Section>> | undefined;
}

/** All that may differ between environments. */
export interface Section {
  /**
   * What process titles and logs call the application.
   *
   * @default the name of the folder of the configuration file
   */
  readonly app?: string | undefined;
  /**
   * URL of the broker. A path in it is relative to the configuration file.
   *
   * @default "sqlite:./ganger.db"
   */
  readonly broker?: string | undefined;
  /**
   * Modules that export job definitions, or folders of such; relative to the configuration file.
   *
   * @default "./jobs"
   */
  readonly jobs?: string | readonly string[] | undefined;
  /** How many workers serve each queue list, such as `{ mail: 2, "thumbs,mail,*": 1 }`. */
  readonly workers?: Readonly<Record<string, number | WorkerOptions>> | undefined;
  /** How many finished jobs a queue keeps, whatever their age. */
  readonly retention?: RetentionOptions | undefined;
  readonly heartbeat?: HeartbeatOptions | undefined;
  readonly log?: LogOptions | undefined;
}

/** The workers of one queue list. */
export interface WorkerOptions {
  /**
   * How many worker processes to keep.
   *
   * @default 1
   */
  readonly count?: number | undefined;
  /**
   * How many jobs each worker runs at a time.
   *
   * @default 10
   */
  readonly concurrency?: number | undefined;
  /**
   * How a worker goes through its queue list: from the left, by chance according to weight, or in turn.
   *
   * @default "strict"
   */
  readonly order?: QueueOrder | undefined;
  /**
   * Where a job runs. This version knows `inline` only.
   *
   * @default "inline"
   */
  readonly isolation?: Isolation | undefined;
  /**
   * How long a worker that must stop may finish what it runs.
   *
   * @default "30s"
   */
  readonly stop?: Duration | undefined;
}

export interface RetentionOptions {
  /** @default 10000 */
  readonly completed?: RetentionBound | undefined;
  /** @default 100000 */
  readonly failed?: RetentionBound | undefined;
  /** @default 10000 */
  readonly cancelled?: RetentionBound | undefined;
}

export interface RetentionBound {
  readonly count?: number | undefined;
}

export interface HeartbeatOptions {
  /**
   * How often workers are reported alive. Must fit into `ttl` three times.
   *
   * @default "5s"
   */
  readonly every?: Duration | undefined;
  /**
   * How long a worker counts as alive without a report.
   *
   * @default "15s"
   */
  readonly ttl?: Duration | undefined;
}

export interface LogOptions {
  /** @default "info" */
  readonly level?: LogLevel | undefined;
  /** @default "text" */
  readonly format?: LogFormat | undefined;
}
