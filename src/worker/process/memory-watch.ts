/** By how many bytes a process grew while jobs of this name ran. */
export interface Growth {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Measures how large this process is, and whom its growth is due to.
 *
 * Growth counts beyond the largest measurement so far, so that garbage that
 * comes and goes is nobody's. It is shared among the jobs that ran since the
 * measurement before, each run alike; of many, those that leak stand out.
 */
export class MemoryWatch {
  readonly #rss: () => number;
  readonly #ended = new Map<string, number>();
  readonly #grew = new Map<string, number>();
  #largest: number | undefined;
  #dueAt = 0;

  constructor(rss: () => number) {
    this.#rss = rss;
  }

  /** A run of this name ended. */
  ended(name: string): void {
    this.#ended.set(name, (this.#ended.get(name) ?? 0) + 1);
  }

  /** Measuring costs a system call, which many short jobs share. */
  isDue(now: number): boolean {
    return now >= this.#dueAt;
  }

  /** Resident bytes. `running` are the jobs that run right now. */
  measure(now: number, running: Iterable<{ readonly name: string }>): number {
    const rss = this.#rss();
    const grown = rss - (this.#largest ?? rss);
    this.#dueAt = now + EVERY_MS;
    this.#largest = Math.max(rss, this.#largest ?? rss);
    if (grown > 0) this.#share(grown, running);
    this.#ended.clear();
    return rss;
  }

  /** Who grew it, the most first. */
  top(count = 5): readonly Growth[] {
    return Array.from(this.#grew, ([name, bytes]) => ({ name, bytes: Math.round(bytes) }))
      .sort((a, b) => b.bytes - a.bytes)
      .slice(0, count);
  }

  #share(bytes: number, running: Iterable<{ readonly name: string }>): void {
    for (const { name } of running) this.ended(name);
    let runs = 0;
    for (const count of this.#ended.values()) runs += count;
    for (const [name, count] of this.#ended) {
      this.#grew.set(name, (this.#grew.get(name) ?? 0) + (bytes * count) / runs);
    }
  }
}

const EVERY_MS = 2;
