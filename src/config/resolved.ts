import type { ResolvedIsolation } from "../job/isolation.ts";
import type { QueueOrder } from "../job/queue-list.ts";
import type { LogFormat, LogLevel, ManagerAction } from "./options.ts";

/** What the schema makes of the merged options. */
export interface Settings {
  readonly app: string;
  readonly broker: string;
  /** Whether the schema of the broker's store is brought up to date when it is opened. */
  readonly migrate: boolean;
  /** A second broker, for documents; `loadConfig` has made it a part of the broker's URL. */
  readonly store?: string | undefined;
  readonly jobs: readonly string[];
  readonly workers: readonly WorkerGroup[];
  /** How many finished jobs a queue keeps; what a broker's `prune` takes. */
  readonly retention: { readonly completed: number; readonly failed: number; readonly cancelled: number };
  readonly heartbeat: { readonly everyMs: number; readonly ttlMs: number };
  readonly log: {
    readonly level: LogLevel;
    readonly format: LogFormat;
    /** Files that the output streams of all processes are appended to. */
    readonly stdout?: string | undefined;
    readonly stderr?: string | undefined;
  };
  /** Whether workers and jobs are forked from a process that has loaded the application, where that can be done. */
  readonly fork: "auto" | "never";
  /** What that process loads besides jobs and hooks: absolute paths, and names of packages. */
  readonly preload: readonly string[];
  /** A module with hooks. */
  readonly hooks?: string | undefined;
  readonly pidfile?: string | undefined;
  /** A file that is locked, shared, for as long as the manager lives. */
  readonly lock?: string | undefined;
  /** What each signal to the manager does. All signals that can be handled are in it. */
  readonly signals: SignalTable;
  /** The time between two starts of workers. */
  readonly spawnDelayMs: number;
  /** How long a worker may take to be ready. */
  readonly bootMs: number;
  readonly restart: {
    /** Before the second restart in a row; then twice as long each time. */
    readonly delayMs: number;
    readonly maxMs: number;
    /** A worker that ran this long is forgiven its earlier failures. */
    readonly stableMs: number;
    /** Whether a reload replaces all workers, for new code, and not only those whose configuration changed. */
    readonly all: boolean;
  };
  readonly processGroup: "own" | "single";
}

export type SignalTable = Readonly<Partial<Record<NodeJS.Signals, readonly ManagerAction[]>>>;

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
  /** Where jobs run whose definition does not say. */
  readonly isolation: ResolvedIsolation;
  /** How long a worker that drains may finish what it runs. */
  readonly stopMs: number;
  /** How long aborted jobs may clean up. */
  readonly graceMs: number;
  /** Resident bytes of a worker and its jobs: above `soft` it is replaced, above `hard` killed. */
  readonly memory?: { readonly soft: number; readonly hard: number } | undefined;
  readonly maxJobs?: number | undefined;
  readonly maxAgeMs?: number | undefined;
  /** A program of the user's that is run instead of a worker of ours. */
  readonly exec?: ExecProgram | undefined;
}

export interface ExecProgram {
  /** Run by a shell when it is a text. */
  readonly command: string | readonly string[];
  readonly drain: NodeJS.Signals;
  readonly abort: NodeJS.Signals;
  readonly cut: NodeJS.Signals;
  readonly pause: NodeJS.Signals;
  readonly resume: NodeJS.Signals;
  /** It counts as started when it has lived this long. */
  readonly readyMs: number;
}

/** Freezes plain data all the way down. */
export function deepFreeze<T>(data: T): T {
  if (typeof data === "object" && data !== null && !Object.isFrozen(data)) {
    Object.freeze(data);
    for (const value of Object.values(data)) deepFreeze(value);
  }
  return data;
}
