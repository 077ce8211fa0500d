import {
  type Edit,
  MAX_LOG_LINE_LENGTH,
  MAX_LOG_LINES,
  type Note,
  type TagChange,
} from "../../broker/edit.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import type { JobState } from "../../job/states.ts";
import { addHistory, finish, WAITING } from "./moves.ts";
import { FINISHED_STATES, type MemoryJob } from "./table/job.ts";
import type { Memory } from "./table/memory.ts";
import type { MemoryWakeups } from "./wakeups.ts";

const PENDING: readonly JobState[] = ["waiting", "scheduled", "blocked"];

export class MemoryEdit implements Edit {
  readonly #memory: Memory;
  readonly #wakeups: MemoryWakeups;

  constructor(memory: Memory, wakeups: MemoryWakeups) {
    this.#memory = memory;
    this.#wakeups = wakeups;
  }

  async cancel(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#each(ids, [...PENDING, "running"], (job, now) => this.#cancel(job, now));
  }

  async retry(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#each(ids, ["failed"], (job, now) => {
      job.attempts = 0;
      job.crashes = 0;
      job.error = undefined;
      addHistory(job, { now, event: "revived" });
      this.#memory.jobs.put(job, { place: WAITING });
    });
  }

  async move(ids: readonly string[], queue: string): Promise<readonly boolean[]> {
    return this.#each(ids, PENDING, (job, now) => {
      this.#memory.jobs.put(job, { queue: this.#memory.jobs.ensureQueue(queue) });
      addHistory(job, { now, event: "moved", detail: queue });
    });
  }

  async prioritize(ids: readonly string[], priority: number): Promise<readonly boolean[]> {
    return this.#each(ids, PENDING, (job) => this.#memory.jobs.put(job, { priority }));
  }

  async tag(ids: readonly string[], { add = [], remove = [] }: TagChange): Promise<readonly boolean[]> {
    return this.#each(ids, undefined, (job) => {
      const tags = new Set([...job.tags, ...add]);
      for (const tag of remove) tags.delete(tag);
      job.tags = [...tags];
    });
  }

  async clear(queue: string, state?: JobState): Promise<number> {
    // The finished first: what is cancelled now is finished too, and kept.
    return this.#deleteFinished(queue, state) + this.#cancelPending(queue, state);
  }

  async annotate(notes: readonly Note[]): Promise<readonly boolean[]> {
    const now = this.#memory.now();
    return notes.map((note) => this.#note(note, now));
  }

  #note({ id, token, progress, log = [] }: Note, atMs: number): boolean {
    const job = this.#memory.jobs.find(id);
    if (job?.place.state !== "running" || job.place.token !== token) return false;
    job.place.progress = progress ?? job.place.progress;
    const lines = log
      .slice(-MAX_LOG_LINES)
      .map((line) => ({ atMs, line: line.slice(0, MAX_LOG_LINE_LENGTH) }));
    job.logs.push(...lines);
    job.logs.splice(0, job.logs.length - MAX_LOG_LINES);
    return true;
  }

  /** Changes those jobs that are in one of these states, and wakes who may care. */
  #each(
    ids: readonly string[],
    states: readonly JobState[] | undefined,
    change: (job: MemoryJob, now: number) => void,
  ): readonly boolean[] {
    const now = this.#memory.now();
    const changed = ids.map((id) => {
      const job = this.#memory.jobs.find(id);
      if (job === undefined || (states !== undefined && !states.includes(job.place.state))) return false;
      change(job, now);
      return true;
    });
    if (changed.includes(true)) this.#wakeups.wake();
    return changed;
  }

  #cancel(job: MemoryJob, now: number): void {
    addHistory(job, { now, event: "cancelled", detail: `while ${job.place.state}` });
    finish(this.#memory.jobs, job, { state: "cancelled", now, keepMs: DEFAULT_KEEP_MS.cancelled });
  }

  #cancelPending(queue: string, state: JobState | undefined): number {
    const now = this.#memory.now();
    const { jobs } = this.#memory;
    const waiting =
      state === undefined || state === "waiting" ? jobs.queue(queue)?.waiting.items() : undefined;
    const scheduled = state === undefined || state === "scheduled" ? jobs.scheduled() : [];
    const later = Array.from(scheduled, ({ job }) => job).filter((job) => job.queue.name === queue);
    const pending = [...(waiting ?? []), ...later];
    for (const job of pending) this.#cancel(job, now);
    return pending.length;
  }

  #deleteFinished(name: string, state: JobState | undefined): number {
    const states = FINISHED_STATES.filter((finished) => state === undefined || finished === state);
    const queue = this.#memory.jobs.queue(name);
    const finished = states.flatMap((kept) => Array.from(queue?.finished[kept].items() ?? []));
    for (const job of finished) this.#memory.jobs.forget(job);
    return finished.length;
  }
}
