/** Everything that the processes of a pool say to each other: one union each way. Plain data; unknown types are ignored. */

/** What a worker process is to be. */
export interface WorkerStart {
  readonly app: string;
  /** May hold a password: it goes over the socket, never on a command line. */
  readonly broker: string;
  readonly jobs: readonly string[];
  readonly queues: string;
  readonly concurrency: number;
  readonly order: "strict" | "weighted" | "fair";
  readonly ttlMs: number;
  readonly stopMs: number;
  readonly ledger: string;
  readonly log: LogStart;
}

export interface LogStart {
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  readonly format: "text" | "json";
}

export type ToWorker =
  | { readonly type: "start"; readonly start: WorkerStart }
  | { readonly type: "drain"; readonly timeoutMs: number }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** Whether somebody keeps the heartbeat of this host. */
  | { readonly type: "coordinator"; readonly isUp: boolean };

export type FromWorker =
  | { readonly type: "ready"; readonly holder: string }
  | { readonly type: "failed"; readonly failure: Failure };

export interface CoordinatorStart {
  readonly app: string;
  readonly broker: string;
  readonly everyMs: number;
  readonly ttlMs: number;
  readonly ledger: string;
  readonly bounds: { readonly completed: number; readonly failed: number; readonly cancelled: number };
  readonly log: LogStart;
}

export type ToCoordinator =
  | { readonly type: "start"; readonly start: CoordinatorStart }
  | { readonly type: "alive"; readonly holder: string; readonly queues: string }
  /** A worker ended. Answered by `released`, and asked again until it is. */
  | { readonly type: "gone"; readonly holder: string; readonly end: WorkerEnd }
  | { readonly type: "stop" };

/** How a worker ended, and what it was running, if that is known. */
export interface WorkerEnd {
  readonly kind: "crashed" | "interrupted";
  readonly started: readonly string[] | undefined;
  readonly detail: string;
}

export type FromCoordinator =
  | { readonly type: "ready" }
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
