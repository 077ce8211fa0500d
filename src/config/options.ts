import type { Duration } from "../job/duration.ts";
import type { Isolation } from "../job/isolation.ts";
import type { QueueOrder } from "../job/queue-list.ts";
import type { Size } from "../job/size.ts";
import type { GangerHooks } from "./hooks.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export const QUEUE_ORDERS = ["strict", "weighted", "fair"] as const satisfies readonly QueueOrder[];

/**
 * What a signal can make the manager do. `graceful-wait` lets running jobs finish
 * and ends; `graceful` ends at once and leaves the workers to finish theirs;
 * `immediate` aborts the jobs; `kill` kills; `reload` reads the configuration again
 * and opens the logs anew; `restart` replaces all workers one by one; `empty` stops
 * all workers until a reload; `more` and `fewer` change the first group by one;
 * `abort` fails what runs; `pause` and `resume` do so with all workers; `report`
 * prints what is going on; `ignore` does nothing.
 */
export const MANAGER_ACTIONS = [
  "graceful-wait",
  "graceful",
  "immediate",
  "kill",
  "reload",
  "restart",
  "empty",
  "more",
  "fewer",
  "abort",
  "pause",
  "resume",
  "report",
  "ignore",
] as const;
export type ManagerAction = (typeof MANAGER_ACTIONS)[number];

export const TERM_ACTIONS = [
  "graceful",
  "graceful-wait",
  "immediate",
] as const satisfies readonly ManagerAction[];
export type TermAction = (typeof TERM_ACTIONS)[number];

export const FORK_MODES = ["auto", "never"] as const;
export type ForkMode = (typeof FORK_MODES)[number];

export const PROCESS_GROUPS = ["own", "single"] as const;
export type ProcessGroup = (typeof PROCESS_GROUPS)[number];

/** How many workers serve each queue list, such as `{ mail: 2, "thumbs,mail,*": 1 }`. */
export type Workers = Readonly<Record<string, number | WorkerOptions>>;

/**
 * Answers how many workers each queue list should have now. It is asked about once
 * a second, and has 10 seconds; while it throws, its last good answer counts.
 */
export interface WorkersLoader {
  (environment: string): Workers | Promise<Workers>;
  /** Called when the configuration is read again: forget what is remembered. */
  readonly reset?: (() => void) | undefined;
}

/** What `ganger.yml` may say, and what a `ganger.ts` exports as its default. */
export interface GangerConfig extends Omit<Section, "hooks"> {
  /** The path of a module with hooks or, in a module, the hooks themselves. */
  readonly hooks?: string | GangerHooks | undefined;
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
   * Whether the schema of the broker's store is brought up to date when it is opened. Without, an older one is refused:
   * `ganger migrate` does it.
   *
   * @default true
   */
  readonly migrate?: boolean | undefined;
  /**
   * URL of a second broker, for what an `amqp:` broker cannot keep: small documents, such as plans. A path in it
   * is relative to the configuration file.
   *
   * @default none
   */
  readonly store?: string | undefined;
  /**
   * Modules that export job definitions, or folders of such; relative to the configuration file.
   *
   * @default "./jobs"
   */
  readonly jobs?: string | readonly string[] | undefined;
  /** How many workers serve each queue list; in a module also a function that answers that, again and again. */
  readonly workers?: Workers | WorkersLoader | undefined;
  /** How many finished jobs a queue keeps, whatever their age. */
  readonly retention?: RetentionOptions | undefined;
  readonly heartbeat?: HeartbeatOptions | undefined;
  readonly log?: LogOptions | undefined;
  /**
   * Whether workers and jobs are forked from one process that has loaded the application. Where that cannot be done, `auto`
   * starts new processes instead.
   *
   * @default "auto"
   */
  readonly fork?: ForkMode | undefined;
  /**
   * Modules that are loaded before anything is forked, so that all share their memory: paths that begin with a dot or
   * a slash, or names of packages.
   */
  readonly preload?: readonly string[] | undefined;
  /** The path of a module that exports hooks, by name or as its default. */
  readonly hooks?: string | undefined;
  /** A file with the process id of the manager; `false` for none. */
  readonly pidfile?: string | false | undefined;
  /** A file that is locked, shared, for as long as the manager lives. */
  readonly lock?: string | undefined;
  /**
   * What SIGTERM does to the manager.
   *
   * @default "graceful-wait"
   */
  readonly term?: TermAction | undefined;
  /** What other signals do, or the same ones differently, such as `{ USR2: "restart" }`. */
  readonly signals?: Readonly<Record<string, ManagerAction | readonly ManagerAction[]>> | undefined;
  /**
   * The time between two starts of workers.
   *
   * @default 0
   */
  readonly spawnDelay?: Duration | undefined;
  /**
   * How long a worker, and a process or thread for a job, may take from its start until it is ready.
   *
   * @default "60s"
   */
  readonly boot?: Duration | undefined;
  readonly restart?: RestartOptions | undefined;
  /**
   * Whether each worker leads a process group of its own, or is in the manager's.
   *
   * @default "own"
   */
  readonly processGroup?: ProcessGroup | undefined;
}

/** How workers that ended are started again. */
export interface RestartOptions {
  /**
   * The time before the second restart in a row; twice as long each time after that.
   *
   * @default "100ms"
   */
  readonly delay?: Duration | undefined;
  /**
   * The longest time before a restart.
   *
   * @default "30s"
   */
  readonly max?: Duration | undefined;
  /**
   * A worker that ran this long is forgiven its earlier failures.
   *
   * @default "10s"
   */
  readonly stable?: Duration | undefined;
  /**
   * Whether a reload replaces all workers, for new code, and not only those whose configuration changed.
   *
   * @default false
   */
  readonly all?: boolean | undefined;
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
   * Where a job runs whose definition does not say: in the worker, in a thread, or in a process of its own.
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
  /**
   * How long jobs that were aborted may clean up.
   *
   * @default "5s"
   */
  readonly grace?: Duration | undefined;
  /** Resident memory above which a worker is replaced once its jobs have ended. */
  readonly memory?: Size | undefined;
  /**
   * Resident memory above which a worker is killed at once.
   *
   * @default 1.25 times `memory`
   */
  readonly memoryHard?: Size | undefined;
  /** After how many jobs a worker is replaced. */
  readonly maxJobs?: number | undefined;
  /** After what time a worker is replaced. */
  readonly maxAge?: Duration | undefined;
  /** A program of one's own that is run instead of a worker: a text for the shell, or the program and its arguments. */
  readonly exec?: string | readonly string[] | ExecOptions | undefined;
}

/** A program that is run instead of a worker, and the signals it understands. */
export interface ExecOptions {
  readonly command: string | readonly string[];
  /**
   * Asks it to finish what it runs and go.
   *
   * @default "QUIT"
   */
  readonly drain?: string | undefined;
  /**
   * Asks it to go at once.
   *
   * @default "TERM"
   */
  readonly abort?: string | undefined;
  /**
   * Asks it to fail what it runs and go on.
   *
   * @default "USR1"
   */
  readonly cut?: string | undefined;
  /** @default "USR2" */
  readonly pause?: string | undefined;
  /** @default "CONT" */
  readonly resume?: string | undefined;
  /**
   * It counts as started when it has lived this long.
   *
   * @default "1s"
   */
  readonly ready?: Duration | undefined;
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
  /** A file that the standard output of all processes is appended to. */
  readonly stdout?: string | undefined;
  /** A file that the error output of all processes is appended to. */
  readonly stderr?: string | undefined;
}
