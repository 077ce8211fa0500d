import { type LaneName, type Rank, RETURNED } from "./lane.ts";

/** Which lanes are known, for as long as the process lives: whoever has read of one can use it while the stream is away. */
export class Book {
  readonly #queues = new Map<string, readonly Rank[]>();
  /** Whether everything was read once that was entered before. */
  isRead = false;

  /** Ranks of a queue, the highest first; none for a queue that never had a job. */
  ranksOf(queue: string): readonly Rank[] {
    return this.#queues.get(queue) ?? [];
  }

  all(): readonly LaneName[] {
    return [...this.#queues].flatMap(([queue, ranks]) => ranks.map((rank) => ({ queue, rank })));
  }

  /** Whether it is a new one. */
  add({ queue, rank }: LaneName): boolean {
    const known = this.ranksOf(queue);
    if (known.includes(rank)) return false;
    this.#queues.set(queue, [...known, rank].sort(byRank));
    return true;
  }
}

function byRank(a: Rank, b: Rank): number {
  if (a === RETURNED) return -1;
  return b === RETURNED ? 1 : b - a;
}
