interface Batch {
  readonly first: number;
  readonly last: number;
  readonly done: (error: unknown) => void;
  /** Everything up to this number is answered. */
  upTo: number;
  /** Numbers behind that which were answered by themselves. */
  readonly singles: Set<number>;
}

/** Which publications of a channel the server has answered. They are numbered in their order, from 1 on. */
export class Confirms {
  readonly #batches: Batch[] = [];
  #last = 0;

  /** The next `amount` publications are one batch: `done` is called when all are confirmed, or one is refused. */
  expect(amount: number, done: (error: unknown) => void): void {
    const first = this.#last + 1;
    this.#last += amount;
    this.#batches.push({ first, last: this.#last, done, upTo: this.#last - amount, singles: new Set() });
  }

  answered(number: number, isMultiple: boolean, error?: unknown): void {
    for (const batch of this.#batches) {
      if (batch.first > number) break;
      if (!isMultiple && batch.last < number) continue;
      if (error !== undefined) batch.done(error);
      if (isMultiple) batch.upTo = Math.max(batch.upTo, Math.min(number, batch.last));
      else if (number > batch.upTo) batch.singles.add(number);
      while (batch.singles.delete(batch.upTo + 1)) batch.upTo++;
    }
    this.#finish();
  }

  /** A batch that was refused in part is over as well when all of it is answered. */
  #finish(): void {
    let from = 0;
    for (const batch of this.#batches) {
      if (batch.upTo < batch.last) this.#batches[from++] = batch;
      else batch.done(undefined);
    }
    this.#batches.length = from;
  }
}
