/** How many jobs a worker should hold, learned from how long the jobs of each queue take. */
export class Pace {
  readonly #concurrency: number;
  readonly #maxAhead: number;
  readonly #meanMs = new Map<string, number>();
  #recent: ReadonlySet<string> = new Set();
  #lastLimit: number;

  constructor(concurrency: number, maxAhead = 1000) {
    this.#concurrency = concurrency;
    this.#maxAhead = maxAhead;
    this.#lastLimit = concurrency;
  }

  /** A job of this queue ran so long. */
  observe(queue: string, ms: number): void {
    const mean = this.#meanMs.get(queue);
    this.#meanMs.set(queue, mean === undefined ? ms : mean + (ms - mean) * WEIGHT);
  }

  /** A claim brought jobs of these queues. */
  claimed(queues: ReadonlySet<string>, count: number): void {
    this.#recent = queues;
    this.#lastLimit = Math.max(this.#concurrency, count);
  }

  /** Whoever held jobs it could not start in time holds no more than it can start at once, for a while. */
  reset(): void {
    this.#lastLimit = this.#concurrency;
    this.#meanMs.clear();
  }

  /**
   * How many jobs to hold beside the running: about 50 ms of work, none while
   * jobs take longer than that or nobody knows how long. It at most doubles with each
   * claim, so that one quick job does not bring a thousand slow ones.
   */
  get ahead(): number {
    let slowest = 0;
    for (const queue of this.#recent) slowest = Math.max(slowest, this.#meanMs.get(queue) ?? HORIZON_MS);
    if (this.#recent.size === 0 || slowest >= HORIZON_MS) return 0;
    const wanted = (this.#concurrency * HORIZON_MS) / Math.max(slowest, 0.001);
    return Math.floor(Math.min(wanted, this.#lastLimit * 2, this.#maxAhead));
  }
}

const HORIZON_MS = 50;
const WEIGHT = 0.1;
