/** How far things had come at some time. */
export interface Mark {
  readonly added: number;
  readonly emptied: number;
}

/**
 * What operators have changed since the configuration was read: workers more or less, or none at all. A reload forgets
 * what came before it was asked for, and keeps what was said while it went on. Pure, but for remembering.
 */
export class ByHand {
  #now: Mark = { added: 0, emptied: 0 };
  #forgotten: Mark = this.#now;

  /** Workers more than configured, or fewer. */
  get extra(): number {
    return this.#now.added - this.#forgotten.added;
  }

  get isEmptied(): boolean {
    return this.#now.emptied > this.#forgotten.emptied;
  }

  get marked(): Mark {
    return this.#now;
  }

  resize(by: number): void {
    this.#now = { ...this.#now, added: this.#now.added + by };
  }

  empty(): void {
    this.#now = { ...this.#now, emptied: this.#now.emptied + 1 };
  }

  /** Marks are to be forgotten in the order in which they were taken. Calling the answer remembers again. */
  forget(mark: Mark): () => void {
    const before = this.#forgotten;
    this.#forgotten = mark;
    return () => {
      this.#forgotten = before;
    };
  }
}
