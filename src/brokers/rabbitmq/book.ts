import type { LaneName } from "./lane.ts";

/** Which lanes are known, for as long as the process lives: whoever has read of one can use it while the stream is away. */
export class Book {
  readonly #queues = new Map<string, readonly number[]>();
  /** Whether everything was read once that was entered before. */
  isRead = false;

  /** Priorities of a queue, the highest first; none for a queue that never had a job. */
  prioritiesOf(queue: string): readonly number[] {
    return this.#queues.get(queue) ?? [];
  }

  all(): readonly LaneName[] {
    return [...this.#queues].flatMap(([queue, priorities]) =>
      priorities.map((priority) => ({ queue, priority })),
    );
  }

  /** Whether it is a new one. */
  add({ queue, priority }: LaneName): boolean {
    const known = this.prioritiesOf(queue);
    if (known.includes(priority)) return false;
    this.#queues.set(
      queue,
      [...known, priority].sort((a, b) => b - a),
    );
    return true;
  }
}
