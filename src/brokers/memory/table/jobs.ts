import { DEFAULT_MAX_CRASHES, type NewJob } from "../../../job/job.ts";
import { type Aged, byAge, createQueue, type MemoryJob, type MemoryQueue, type Place } from "./job.ts";
import { SortedList } from "./sorted-list.ts";

/** All jobs and queues, with the orders in which they are wanted. */
export class Jobs {
  readonly #byId = new Map<string, MemoryJob>();
  readonly #byAge = new SortedList<MemoryJob, Aged>(byAge);
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #scheduled = new SortedList<Timed>(byTime);
  readonly #expiring = new SortedList<Timed>(byTime);
  #lastNumber = 0;

  get size(): number {
    return this.#byId.size;
  }

  find(id: string): MemoryJob | undefined {
    return this.#byId.get(id);
  }

  /** Jobs from the oldest on, those younger than `after` when it is given. */
  byAge(after?: number): Iterable<MemoryJob> {
    return this.#byAge.items(after === undefined ? undefined : { number: after });
  }

  queues(): Iterable<MemoryQueue> {
    return this.#queues.values();
  }

  queue(name: string): MemoryQueue | undefined {
    return this.#queues.get(name);
  }

  /** The queue of a name, which is made when there is none. */
  ensureQueue(name: string): MemoryQueue {
    const known = this.#queues.get(name);
    if (known !== undefined) return known;
    const queue = createQueue(name);
    this.#queues.set(name, queue);
    return queue;
  }

  /** Scheduled jobs from the one that is due first. */
  scheduled(): Iterable<Timed> {
    return this.#scheduled.items();
  }

  get nextDue(): Timed | undefined {
    return this.#scheduled.first;
  }

  get nextExpiring(): Timed | undefined {
    return this.#expiring.first;
  }

  add(job: NewJob, place: Place, now: number): MemoryJob {
    const number = ++this.#lastNumber;
    const { name, payload, priority = 0, maxCrashes = DEFAULT_MAX_CRASHES, options, tags = [] } = job;
    const added: MemoryJob = {
      id: String(number),
      number,
      name,
      maxCrashes,
      options,
      enqueuedAtMs: now,
      history: [],
      logs: [],
      queue: this.ensureQueue(job.queue),
      priority,
      place,
      payload,
      attempts: 0,
      interruptions: 0,
      crashes: 0,
      tags: [...tags],
      error: undefined,
    };
    this.#byId.set(added.id, added);
    this.#byAge.add(added);
    this.#enter(added);
    return added;
  }

  /** Changes where a job is: its place in life, its queue, its priority. */
  put(
    job: MemoryJob,
    { place = job.place, queue = job.queue, priority = job.priority }: Partial<Whereabouts>,
  ): void {
    this.#leave(job);
    job.place = place;
    job.queue = queue;
    job.priority = priority;
    this.#enter(job);
  }

  forget(job: MemoryJob): void {
    this.#leave(job);
    this.#byId.delete(job.id);
    this.#byAge.delete(job);
  }

  #enter(job: MemoryJob): void {
    const { place, queue } = job;
    queue.counts[place.state]++;
    if (place.state === "waiting") queue.waiting.add(job);
    else if (place.state === "scheduled") this.#scheduled.add({ at: place.dueMs, job });
    else if (place.state === "running") place.holder.held.add(job);
    else if ("expiresAtMs" in place) {
      queue.finished[place.state].add(job);
      this.#expiring.add({ at: place.expiresAtMs, job });
    }
  }

  #leave(job: MemoryJob): void {
    const { place, queue } = job;
    queue.counts[place.state]--;
    if (place.state === "waiting") queue.waiting.delete(job);
    else if (place.state === "scheduled") this.#scheduled.delete({ at: place.dueMs, job });
    else if (place.state === "running") place.holder.held.delete(job);
    else if ("expiresAtMs" in place) {
      queue.finished[place.state].delete(job);
      this.#expiring.delete({ at: place.expiresAtMs, job });
    }
  }
}

type Whereabouts = Pick<MemoryJob, "place" | "queue" | "priority">;

/** A job of which something becomes true at a time. */
export interface Timed {
  readonly at: number;
  readonly job: MemoryJob;
}

function byTime(a: Timed, b: Timed): number {
  // Not a difference: two times may both be infinite.
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return a.job.number - b.job.number;
}
