/** Of which queues there is news since it was asked last; beyond some names it is news of anything. */
export class Mentions {
  readonly #queues = new Set<string>();
  #isAny = false;

  /** Without a name it is of anything. */
  add(queue?: string): void {
    if (queue === undefined || this.#queues.size >= MAX_NAMES) this.#isAny = true;
    else this.#queues.add(queue);
  }

  /** `undefined` alone stands for anything. */
  take(): readonly (string | undefined)[] {
    const queues = this.#isAny ? [undefined] : [...this.#queues];
    this.#queues.clear();
    this.#isAny = false;
    return queues;
  }
}

const MAX_NAMES = 8;
