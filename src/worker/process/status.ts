import type { RunningJob, WorkerStatus } from "../../ipc/messages.ts";
import type { JobRun } from "../run/job-run.ts";
import type { Worker } from "../worker.ts";

/** Says what a worker does, whenever that is another thing than before. */
export class StatusReporter {
  readonly #worker: Pick<Worker, "runs" | "state">;
  readonly #report: (status: WorkerStatus) => void;
  /** When a run began is worked out once, lest it move with the clocks. */
  readonly #since = new WeakMap<JobRun, number>();
  #last = "";

  constructor(worker: Pick<Worker, "runs" | "state">, report: (status: WorkerStatus) => void) {
    this.#worker = worker;
    this.#report = report;
  }

  tick(): WorkerStatus {
    const status = this.#status();
    const text = JSON.stringify(status);
    if (text !== this.#last) this.#report(status);
    this.#last = text;
    return status;
  }

  #status(): WorkerStatus {
    const { runs, state } = this.#worker;
    const jobs: RunningJob[] = [];
    for (const run of runs) {
      if (jobs.length === MAX_JOBS) break;
      jobs.push({ id: run.id, queue: run.queue, name: run.name, sinceMs: this.#sinceOf(run) });
    }
    return { state, running: runs.size, jobs, done: runs.done };
  }

  #sinceOf(run: JobRun): number {
    const known = this.#since.get(run);
    if (known !== undefined) return known;
    const sinceMs = Math.round(Date.now() - (performance.now() - run.startedAt));
    this.#since.set(run, sinceMs);
    return sinceMs;
  }
}

const MAX_JOBS = 10;
