import { type LaneName, type Rank, RETURNED } from "./lane.ts";

/** Which lanes are known, for as long as the process lives: whoever has read of one can use it while the stream is away. */
export class Book {
  readonly #queues = new Map<string, readonly Rank[]>();
  /** When a queue got its place for jobs that came back, by the clock of whoever made it. */
  readonly #apartSince = new Map<string, number>();
  /** Whether everything was read once that was entered before. */
  isRead = false;

  /** Ranks of a queue, the highest first; none for a queue that never had a job. */
  ranksOf(queue: string): readonly Rank[] {
    return this.#queues.get(queue) ?? [];
  }

  all(): readonly LaneName[] {
    return [...this.#queues].flatMap(([queue, ranks]) => ranks.map((rank) => ({ queue, rank })));
  }

  /** Whether a queue's place for jobs that came back was made just now: its server would lose it if it was killed. */
  isYoung(queue: string): boolean {
    const age = Date.now() - (this.#apartSince.get(queue) ?? 0);
    return age >= 0 && age < YOUNG_MS;
  }

  /** Whether it is a new one. */
  add({ queue, rank }: LaneName, madeAt = 0): boolean {
    if (rank === RETURNED && madeAt > 0) this.#apartSince.set(queue, madeAt);
    const known = this.ranksOf(queue);
    if (known.includes(rank)) return false;
    this.#queues.set(queue, [...known, rank].sort(byRank));
    return true;
  }
}

/** Twice as long as RabbitMQ takes to enter a new quorum queue where it finds it after a SIGKILL. */
const YOUNG_MS = 1000;

function byRank(a: Rank, b: Rank): number {
  if (a === RETURNED) return -1;
  return b === RETURNED ? 1 : b - a;
}
