import type { Logger } from "../telemetry/log.ts";
import type { Surroundings } from "./child/child.ts";
import type { PoolWorker } from "./group/pool-worker.ts";

export interface ManagerOptions {
  readonly log: Logger;
  readonly around: () => Surroundings;
  /** A folder of this user's own for sockets. Without one, workers are not forked. */
  readonly directory?: string;
  /** Told of what others keep record of. */
  readonly observer?: ManagerObserver;
}

export interface ManagerObserver {
  /** A worker was spawned, or got another list. */
  placed?(worker: PoolWorker, queues: string): void;
  /** A worker's process has ended. */
  ended?(pid: number): void;
  ready?(worker: PoolWorker, queues: string): void;
  /** Something changed. Called often. */
  changed?(): void;
}
