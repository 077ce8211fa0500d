/** Everything that the processes of a pool say to each other: one union each way. Plain data; unknown types are ignored. */

/** What a worker process is to be. */
export interface WorkerStart {
  readonly app: string;
  /** May hold a password: it goes over the socket, never on a command line. */
  readonly broker: string;
  /** Whether it brings the schema of the broker's store up to date. */
  readonly migrate?: boolean | undefined;
  readonly jobs: readonly string[];
  readonly queues: string;
  readonly concurrency: number;
  readonly order: "strict" | "weighted" | "fair";
  readonly ttlMs: number;
  readonly stopMs: number;
  readonly graceMs: number;
  /** How long a thread or process for jobs may take until it is ready. */
  readonly bootMs?: number | undefined;
  readonly environment: string;
  /** Where jobs run whose definition does not say. */
  readonly isolation: {
    readonly type: "inline" | "thread" | "process";
    readonly memory?: number | undefined;
    readonly maxJobs?: number | undefined;
  };
  readonly limits: WorkerLimits;
  /** A module of the user's with hooks, such as `afterFork`. */
  readonly hooks?: string | undefined;
  readonly ledger: string;
  readonly log: LogStart;
}

/** When a worker is to be replaced: it tells, and goes on until it is asked to go. */
export interface WorkerLimits {
  /** Resident bytes. */
  readonly memory?: { readonly soft: number; readonly hard: number } | undefined;
  readonly maxJobs?: number | undefined;
}

export interface LogStart {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  readonly format: "text" | "json";
}

export type ToWorker =
  | { readonly type: "start"; readonly start: WorkerStart }
  /** Takes nothing new, and goes when what runs has ended; after `timeoutMs` it is aborted, `graceMs` later given up. */
  | { readonly type: "drain"; readonly timeoutMs: number; readonly graceMs: number }
  /** Goes, and aborts what runs: it goes back as interrupted. */
  | { readonly type: "abort"; readonly graceMs: number }
  /** Ends what runs as failed attempts, and goes on with other jobs. */
  | { readonly type: "cut" }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** Another queue list from now on. */
  | { readonly type: "serve"; readonly queues: string; readonly order: WorkerStart["order"] }
  | { readonly type: "limits"; readonly limits: WorkerLimits }
  /** Whether somebody keeps the heartbeat of this host. */
  | { readonly type: "coordinator"; readonly isUp: boolean };

export type FromWorker =
  /** What it is about to load, so that a start that hangs can be named. */
  | { readonly type: "loading"; readonly what: string }
  /** The name under which it is about to claim. A program of the user's, which claims nothing of ours, has none. */
  | { readonly type: "named"; readonly holder: string }
  /** It takes jobs. */
  | { readonly type: "ready" }
  /** Sent when it changes, four times a second at most. */
  | { readonly type: "status"; readonly status: WorkerStatus }
  /** It has reached a limit, once for each reason. */
  | { readonly type: "worn"; readonly worn: Worn }
  | { readonly type: "failed"; readonly failure: Failure }
  /** A process was forked for its jobs, which is no child of its own and would go on without it. */
  | { readonly type: "helper"; readonly pid: number }
  /** Its last word: the status that it exits with, should its parent not be there to see. */
  | { readonly type: "ending"; readonly code: number };

export interface WorkerStatus {
  readonly state: "waiting" | "working" | "paused" | "draining";
  /** How many jobs run. */
  readonly running: number;
  /** The first of those that run, ten at most. */
  readonly jobs: readonly RunningJob[];
  /** Jobs that ended since the worker was started. */
  readonly done: number;
}

export interface RunningJob {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** By the worker's clock, in milliseconds of the epoch. */
  readonly sinceMs: number;
}

/** Why a worker should be replaced. */
export type Worn =
  | { readonly reason: "maxJobs"; readonly done: number }
  /** `grew`: by how many bytes it grew while jobs of these names ran, the most first. */
  | {
      readonly reason: "memory";
      readonly rss: number;
      readonly grew: readonly { readonly name: string; readonly bytes: number }[];
    };

export interface CoordinatorStart {
  readonly app: string;
  readonly broker: string;
  readonly migrate?: boolean | undefined;
  readonly everyMs: number;
  readonly ttlMs: number;
  readonly ledger: string;
  readonly bounds: { readonly completed: number; readonly failed: number; readonly cancelled: number };
  /** Who lives already: they come before the first look for those whose heartbeat is over. */
  readonly holders: readonly { readonly holder: string; readonly queues: string }[];
  readonly log: LogStart;
}

export type ToCoordinator =
  | { readonly type: "start"; readonly start: CoordinatorStart }
  | { readonly type: "alive"; readonly holder: string; readonly queues: string }
  /** A worker ended. Answered by `released`, and asked again until it is. */
  | { readonly type: "gone"; readonly holder: string; readonly end: WorkerEnd }
  /** Answered by `pong` at once: one that does not answer is stuck. */
  | { readonly type: "ping" }
  | { readonly type: "stop" };

/** How a worker ended, and what it was running, if that is known. */
export interface WorkerEnd {
  readonly kind: "crashed" | "interrupted";
  readonly started: readonly string[] | undefined;
  readonly detail: string;
}

export type FromCoordinator =
  | { readonly type: "ready" }
  | { readonly type: "pong" }
  | { readonly type: "failed"; readonly failure: Failure }
  | {
      readonly type: "released";
      readonly holder: string;
      readonly waiting: number;
      readonly poisoned: readonly string[];
    };

/** An error that crossed a process border. */
export interface Failure {
  readonly message: string;
  readonly code?: string | undefined;
  readonly hint?: string | undefined;
}
