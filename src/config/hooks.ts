import type { WorkerHooks } from "../job/hooks.ts";

/**
 * Code of the user's at moments in the life of a pool: what is called in each
 * worker, and what is called beside the manager. A hook that throws is reported
 * and does no harm; beside the manager each has 10 seconds.
 */
export interface GangerHooks extends WorkerHooks {
  /** A worker was started, and is ready. */
  readonly afterSpawn?: ((worker: SpawnedWorker) => unknown) | undefined;
  /** The pool begins to stop. */
  readonly onShutdown?: (() => unknown) | undefined;
  /** A report was asked for, as by signal 29; `status` is what `ganger status --json` shows of the pool. */
  readonly onInfo?: ((status: Readonly<Record<string, unknown>>) => unknown) | undefined;
}

/** A worker, as its manager sees it. */
export interface SpawnedWorker {
  readonly pid: number;
  /** Its name at the broker; a program of the user's has none. */
  readonly holder?: string | undefined;
  readonly queues: string;
}

export const HOOK_NAMES = [
  "beforeFork",
  "afterFork",
  "afterSpawn",
  "beforeJob",
  "afterJob",
  "onShutdown",
  "onInfo",
] as const satisfies readonly (keyof GangerHooks)[];
