/** Publications that were written together. */
export interface Batch {
  readonly first: number;
  readonly last: number;
  readonly done: (error?: Error) => void;
  /** Everything up to this number is answered. */
  upTo: number;
  /** Numbers behind that which were answered by themselves. */
  readonly singles: Set<number>;
  /** When it was written, or something was answered last that it waits for: of itself, or written before it. */
  at: number;
}

/** Which publications of a channel the server has answered. They are numbered in their order, from 1 on. */
export class Confirms {
  readonly #batches: Batch[] = [];
  #last = 0;

  /** The next `amount` publications are one batch: `done` is called when all are confirmed, or one is refused. */
  expect(amount: number, done: (error?: Error) => void): Batch {
    const upTo = this.#last;
    this.#last += amount;
    const at = performance.now();
    const batch = { first: upTo + 1, last: this.#last, done, upTo, singles: new Set<number>(), at };
    this.#batches.push(batch);
    return batch;
  }

  answered(number: number, isMultiple: boolean, error?: Error): void {
    const now = performance.now();
    for (const batch of this.#batches) {
      if (batch.first > number) break;
      if (!isMultiple && batch.last < number) continue;
      batch.at = now;
      // Those of it that were confirmed before are not among the refused.
      const isNew = isMultiple ? batch.upTo < number : number > batch.upTo && !batch.singles.has(number);
      if (error !== undefined && isNew) batch.done(error);
      if (isMultiple) batch.upTo = Math.max(batch.upTo, Math.min(number, batch.last));
      else if (number > batch.upTo) batch.singles.add(number);
      while (batch.singles.delete(batch.upTo + 1)) batch.upTo++;
    }
    this.#finish();
  }

  /** A batch that was refused in part is over as well when all of it is answered. */
  #finish(): void {
    let [from, at] = [0, 0];
    for (const batch of this.#batches) {
      at = batch.at = Math.max(at, batch.at);
      if (batch.upTo === batch.last) batch.done(undefined);
      else this.#batches[from++] = batch;
    }
    this.#batches.length = from;
  }
}
