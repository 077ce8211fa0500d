import type { Broker } from "../../broker/broker.ts";
import type {
  Claim,
  ClaimRequest,
  HolderInfo,
  Outcome,
  Released,
  ReleaseReason,
  Settlement,
} from "../../broker/claim.ts";
import type { NewJob } from "../../job/job.ts";
import { claim } from "./claim.ts";
import { MemoryEdit } from "./edit.ts";
import { MemoryInspect } from "./inspect.ts";
import { MemoryMaintenance } from "./maintenance.ts";
import { placeAt, WAITING } from "./moves.ts";
import { release } from "./release.ts";
import { settle } from "./settle.ts";
import { MemoryStore } from "./store.ts";
import { Memory } from "./table/memory.ts";
import { MemoryWakeups } from "./wakeups.ts";

/** Jobs in this process alone, which end with it. Every call is done in one turn, so that none sees half of another. */
export class MemoryBroker implements Broker {
  readonly name = "memory";
  readonly url = undefined;
  readonly inspect: MemoryInspect;
  readonly wakeups = new MemoryWakeups();
  readonly edit: MemoryEdit;
  readonly store = new MemoryStore();
  readonly maintenance: MemoryMaintenance;
  readonly schedules = undefined;
  readonly flows = undefined;
  readonly limits = undefined;
  readonly events = undefined;
  readonly stats = undefined;
  readonly transactions = undefined;
  readonly #memory: Memory;

  constructor(now: () => number) {
    this.#memory = new Memory(now);
    this.inspect = new MemoryInspect(this.#memory);
    this.edit = new MemoryEdit(this.#memory, this.wakeups);
    this.maintenance = new MemoryMaintenance(this.#memory, this.wakeups);
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly string[]> {
    const now = this.#memory.now();
    // Copied whole before the first is added: a job that cannot be read must leave none behind.
    const copies = structuredClone(jobs);
    const news = new Set<string | undefined>();
    const ids = copies.map((job) => {
      const place = placeAt(job.runAtMs ?? now + (job.delayMs ?? 0), now);
      news.add(place === WAITING ? job.queue : undefined);
      return this.#memory.jobs.add(job, place, now).id;
    });
    this.wakeups.wake(news.size === 1 ? Array.from(news)[0] : undefined);
    return ids;
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    return claim(this.#memory, request, this.#memory.now());
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    const now = this.#memory.now();
    const { settled, wakes } = settle(this.#memory.jobs, outcomes, now);
    if (wakes) this.wakeups.wake();
    return { settled, claimed: next === undefined ? [] : claim(this.#memory, next, now) };
  }

  async heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
    const now = this.#memory.now();
    for (const info of holders) this.#memory.holders.beat(info, now + ttlMs);
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    const released = release(this.#memory, holder, reason, this.#memory.now());
    if (released.waiting.length > 0) this.wakeups.wake();
    return released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.wakeups.close();
  }
}
