import { byBytes } from "../../broker/counts.ts";
import type { HolderStatus, Inspect, JobFilter, QueueCounts } from "../../broker/inspect.ts";
import type { JobDetails, JobRecord } from "../../job/job.ts";
import { toDetails, toRecord } from "./records.ts";
import type { MemoryJob } from "./table/job.ts";
import type { Memory } from "./table/memory.ts";

export class MemoryInspect implements Inspect {
  readonly #memory: Memory;

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  async queues(): Promise<readonly QueueCounts[]> {
    const queues = Array.from(this.#memory.jobs.queues(), ({ name, counts }) => ({
      queue: name,
      counts: { ...counts },
    }));
    return queues.sort((a, b) => byBytes(a.queue, b.queue));
  }

  async ready(): Promise<readonly string[]> {
    const names: string[] = [];
    for (const { name, counts } of this.#memory.jobs.queues()) if (counts.waiting > 0) names.push(name);
    return names.sort(byBytes);
  }

  async find(id: string): Promise<JobDetails | undefined> {
    const job = this.#memory.jobs.find(id);
    return job === undefined ? undefined : toDetails(job);
  }

  async list(filter: JobFilter): Promise<readonly JobRecord[]> {
    const after = filter.after === undefined ? undefined : numberOf(filter.after);
    const records: JobRecord[] = [];
    for (const job of this.#memory.jobs.byAge(after)) {
      if (records.length >= filter.limit) break;
      if (matches(job, filter)) records.push(toRecord(job));
    }
    return records;
  }

  async peek(queue: string, limit: number): Promise<readonly JobRecord[]> {
    return this.#memory.jobs.queue(queue)?.waiting.head(limit).map(toRecord) ?? [];
  }

  async holders(): Promise<readonly HolderStatus[]> {
    const now = this.#memory.now();
    const holders = this.#memory.holders.all().map(({ name, queues, aliveUntilMs, held }) => ({
      holder: name,
      queues,
      aliveUntil: new Date(aliveUntilMs),
      alive: aliveUntilMs > now,
      held: held.size,
    }));
    return holders.sort((a, b) => byBytes(a.holder, b.holder));
  }
}

/** The age of an id, also of a job that was deleted since; an id of no store's is before all. */
function numberOf(id: string): number {
  const number = Number(id);
  return Number.isSafeInteger(number) && String(number) === id ? number : 0;
}

function matches(job: MemoryJob, { state, queue, name, tag }: JobFilter): boolean {
  return (
    (state === undefined || job.place.state === state) &&
    (queue === undefined || job.queue.name === queue) &&
    (name === undefined || job.name === name) &&
    (tag === undefined || job.tags.includes(tag))
  );
}
