/** Up to where the jobs of a queue have been claimed; those after it are still to come. */
export interface Floor {
  readonly rank: number;
  readonly id: number;
}

interface Mark extends Floor {
  /** How many were claimed since the walk last began at the start. */
  readonly claimed: number;
}

export const GROUND: Floor = { rank: -2_147_483_648, id: 0 };

/**
 * Where the next claim of each queue begins.
 *
 * What was claimed leaves dead entries at the head of the index, which every claim would walk through again
 * until they are vacuumed: a tenth of the speed while somebody's old snapshot forbids that. So a claim begins
 * where the one before ended. What comes to lie below, such as a job that is to be retried, lowers the mark;
 * what others put there without saying so is found by a walk from the start, when a claim brings less than was
 * asked for and once a second, or as often as costs a twentieth of the time.
 */
export class Floors {
  #marks = new Map<number, Mark>();
  /** The marks that were given up for a walk that is under way. */
  #suspended = new Map<number, Mark>();
  readonly #now: () => number;
  #lastWalkAt = 0;
  #lastWalkMs = 0;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  of(queue: number): Floor {
    const mark = this.#marks.get(queue);
    return mark === undefined || mark.claimed < WORTHWHILE ? GROUND : mark;
  }

  /** The queues of which claims begin at a mark. */
  get marked(): readonly { readonly queue: number; readonly floor: Floor }[] {
    return [...this.#marks.keys()]
      .map((queue) => ({ queue, floor: this.of(queue) }))
      .filter(({ floor }) => floor !== GROUND)
      .sort((a, b) => a.queue - b.queue);
  }

  /** A claim took so many jobs of a queue, this one last. */
  advance(queue: number, rank: number, id: number, taken: number): void {
    const claimed = Math.min((this.#marks.get(queue)?.claimed ?? 0) + taken, WORTHWHILE);
    this.#marks.set(queue, { rank, id, claimed });
  }

  /** A job with this id may be waiting again. */
  lower(id: number): void {
    for (const marks of [this.#marks, this.#suspended]) {
      for (const [queue, mark] of marks) if (mark.id >= id) marks.set(queue, { ...mark, id: id - 1 });
    }
  }

  /** All claims begin at the start again, until `walked` says what that cost. */
  reset(): void {
    for (const [queue, mark] of this.#marks) this.#suspended.set(queue, mark);
    this.#marks = new Map();
  }

  /** Whether a walk from the start is cheap, or so long ago that it may be made again. */
  get mayWalk(): boolean {
    return this.#lastWalkMs < CHEAP_MS || this.#now() - this.#lastWalkAt > this.#lastWalkMs * 20;
  }

  /** Whether there must be one, however many jobs there are ahead. */
  get isDue(): boolean {
    return this.#now() - this.#lastWalkAt > Math.max(1000, this.#lastWalkMs * 20);
  }

  /** A walk from the start took so long. After a slow one claims go on where they were before. */
  walked(ms: number): void {
    this.#lastWalkAt = this.#now();
    this.#lastWalkMs = ms;
    if (ms >= CHEAP_MS) {
      for (const [queue, mark] of this.#suspended) {
        const current = this.#marks.get(queue);
        if (current === undefined || isBefore(current, mark)) this.#marks.set(queue, mark);
      }
    }
    this.#suspended = new Map();
  }
}

/** Dead entries that are walked through faster than they are worth a mark. */
const WORTHWHILE = 1000;
const CHEAP_MS = 25;

function isBefore(a: Floor, b: Floor): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.id < b.id);
}
