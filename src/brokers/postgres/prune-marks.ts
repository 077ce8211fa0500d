/**
 * Up to which id the finished jobs of a queue were deleted. What is deleted stays in the index until it is vacuumed, which no
 * vacuum may do while somebody has an old snapshot open: each deletion would walk through all before it.
 *
 * A job that runs long ends below the mark. It is found when the marks are given up, now and then; until then it is
 * kept beyond its bound.
 */
export class PruneMarks {
  readonly #now: () => number;
  readonly #marks = new Map<string, number>();
  #since: number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#since = now();
  }

  of(queue: number, state: number): number {
    if (this.#now() - this.#since > KEEP_MS) {
      this.#marks.clear();
      this.#since = this.#now();
    }
    return this.#marks.get(`${queue}:${state}`) ?? 0;
  }

  /** All up to this id are deleted; 0 where the next deletion is to begin at the first. */
  advance(queue: number, state: number, id: number): void {
    this.#marks.set(`${queue}:${state}`, id);
  }
}

const KEEP_MS = 120_000;
