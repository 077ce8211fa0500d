import type { JobContext } from "./context.ts";

/** Called around every job, in the process that runs it. What one throws is reported, and does no harm. */
export interface JobHooks {
  /** Awaited before `perform`; its time counts as the job's. */
  readonly beforeJob?: ((job: JobContext) => unknown) | undefined;
  /** Awaited after `perform`, before the outcome is reported. `error` is what the job threw, if it did. */
  readonly afterJob?: ((job: JobContext, end: JobEnd) => unknown) | undefined;
}

export interface JobEnd {
  readonly error?: unknown;
}

/** What a worker process calls of a module with hooks. */
export interface WorkerHooks extends JobHooks {
  /** Job modules are loaded, and nothing is connected yet. */
  readonly beforeFork?: (() => unknown) | undefined;
  /** The broker is open, and nothing is claimed yet. */
  readonly afterFork?: ((worker: ForkedWorker) => unknown) | undefined;
}

/** A worker process, as it knows itself. */
export interface ForkedWorker {
  readonly pid: number;
  /** The name under which it claims. */
  readonly holder: string;
  readonly queues: string;
  readonly app: string;
  readonly environment: string;
}
