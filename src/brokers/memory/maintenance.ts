import type {
  DueReport,
  Finding,
  Maintenance,
  PruneBounds,
  PruneReport,
  RescuedHolder,
} from "../../broker/maintenance.ts";
import { diagnose } from "./doctor.ts";
import { WAITING } from "./moves.ts";
import { release } from "./release.ts";
import { FINISHED_STATES, type MemoryJob } from "./table/job.ts";
import type { Memory } from "./table/memory.ts";
import type { MemoryWakeups } from "./wakeups.ts";

export class MemoryMaintenance implements Maintenance {
  readonly #memory: Memory;
  readonly #wakeups: MemoryWakeups;

  constructor(memory: Memory, wakeups: MemoryWakeups) {
    this.#memory = memory;
    this.#wakeups = wakeups;
  }

  async due(): Promise<DueReport> {
    const { jobs } = this.#memory;
    const now = this.#memory.now();
    let moved = 0;
    let next = jobs.nextDue;
    for (; next !== undefined && next.at <= now && moved < CHUNK; next = jobs.nextDue) {
      jobs.put(next.job, { place: WAITING });
      moved++;
    }
    if (moved > 0) this.#wakeups.wake();
    return { moved, nextInMs: next === undefined ? undefined : Math.max(0, next.at - now) };
  }

  async rescue(): Promise<readonly RescuedHolder[]> {
    const now = this.#memory.now();
    const rescued = this.#memory.holders.overdue(now).map(({ name: holder }) => {
      const detail = `of ${holder}, whose heartbeat ended`;
      const { waiting, poisoned } = release(this.#memory, holder, { kind: "crashed", detail }, now);
      return { holder, waiting, poisoned };
    });
    if (rescued.some(({ waiting }) => waiting.length > 0)) this.#wakeups.wake();
    return rescued;
  }

  async prune(bounds: PruneBounds): Promise<PruneReport> {
    let deleted = 0;
    for (const job of this.#doomed(bounds, this.#memory.now())) {
      if (deleted === CHUNK) return { deleted, more: true };
      this.#memory.jobs.forget(job);
      deleted++;
    }
    return { deleted, more: false };
  }

  async doctor(): Promise<readonly Finding[]> {
    return diagnose(this.#memory);
  }

  /** What is to be deleted, each once that before it is: the oldest where there are too many, then what is past its time. */
  *#doomed(bounds: PruneBounds, now: number): Generator<MemoryJob, void> {
    const { jobs } = this.#memory;
    for (const { counts, finished } of jobs.queues()) {
      for (const state of FINISHED_STATES) {
        for (let job = finished[state].first; job !== undefined; job = finished[state].first) {
          if (counts[state] <= bounds[state]) break;
          yield job;
        }
      }
    }
    for (let next = jobs.nextExpiring; next !== undefined; next = jobs.nextExpiring) {
      if (next.at > now) break;
      yield next.job;
    }
  }
}

/** Jobs made ready or deleted in one call: some milliseconds in which nothing else runs. */
const CHUNK = 2000;
