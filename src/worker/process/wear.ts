import type { WorkerLimits, Worn } from "../../ipc/messages.ts";
import type { JobRun } from "../run/job-run.ts";
import type { Worker } from "../worker.ts";
import { MemoryWatch } from "./memory-watch.ts";

/**
 * Tells when a worker should be replaced, once for each reason. It goes on until
 * it is asked to go; but halfway from the soft limit of its memory to the hard
 * one it takes no more jobs, so that it is not killed under them.
 */
export class Wear {
  readonly #worker: Pick<Worker, "runs" | "holdBreath">;
  readonly #tell: (worn: Worn) => void;
  readonly #rss: () => number;
  #limits: WorkerLimits = {};
  #memory: MemoryWatch | undefined;
  #told = new Set<Worn["reason"]>();
  #heldSince: number | undefined;

  constructor(
    worker: Pick<Worker, "runs" | "holdBreath">,
    tell: (worn: Worn) => void,
    rss: () => number = () => process.memoryUsage.rss(),
  ) {
    this.#worker = worker;
    this.#tell = tell;
    this.#rss = rss;
  }

  /** Goes by these limits from now on, and tells anew of what they say. */
  limit(limits: WorkerLimits): void {
    this.#limits = limits;
    this.#told = new Set();
    this.#memory = limits.memory === undefined ? undefined : (this.#memory ?? new MemoryWatch(this.#rss));
    const isLimited = limits.memory !== undefined || limits.maxJobs !== undefined;
    this.#worker.runs.onEnded = isLimited ? (run) => this.#ended(run) : undefined;
    this.#breathe();
    this.tick();
  }

  tick(): void {
    this.#count();
    this.#weigh(performance.now());
  }

  #ended({ name }: JobRun): void {
    this.#count();
    if (this.#memory === undefined) return;
    this.#memory.ended(name);
    const now = performance.now();
    if (this.#memory.isDue(now)) this.#weigh(now);
  }

  #count(): void {
    const { maxJobs } = this.#limits;
    const { done } = this.#worker.runs;
    if (maxJobs !== undefined && done >= maxJobs)
      this.#tellOnce("maxJobs", () => ({ reason: "maxJobs", done }));
  }

  #weigh(now: number): void {
    const memory = this.#memory;
    if (memory === undefined || this.#limits.memory === undefined) return;
    const { soft, hard } = this.#limits.memory;
    const rss = memory.measure(now, this.#worker.runs);
    if (rss > soft) this.#tellOnce("memory", () => ({ reason: "memory", rss, grew: memory.top() }));
    if (rss <= (soft + hard) / 2) return this.#breathe();
    this.#heldSince ??= now;
    // No replacement came, and queues must not wait for ever: better to be killed and be started again.
    this.#worker.holdBreath(now - this.#heldSince < LONGEST_MS);
  }

  #breathe(): void {
    this.#heldSince = undefined;
    this.#worker.holdBreath(false);
  }

  #tellOnce(reason: Worn["reason"], worn: () => Worn): void {
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#tell(worn());
  }
}

const LONGEST_MS = 120_000;
