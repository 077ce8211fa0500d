/**
 * Which returns of messages were nobody's death. A server that restarts, or a network that fails, gives jobs
 * back whose processes live; they say so to all others, so that such a job is not taken for poison.
 */
export class Excuses {
  readonly #counts = new Map<string, number>();

  add(ids: readonly string[]): void {
    for (const id of ids) {
      const count = (this.#counts.get(id) ?? 0) + 1;
      this.#counts.delete(id);
      this.#counts.set(id, count);
    }
    for (const id of this.#counts.keys()) {
      if (this.#counts.size <= MAX_EXCUSES) break;
      this.#counts.delete(id);
    }
  }

  of(id: string): number {
    return this.#counts.size === 0 ? 0 : (this.#counts.get(id) ?? 0);
  }

  /** The message was acknowledged; what follows it was never returned. */
  forget(id: string): void {
    if (this.#counts.size > 0) this.#counts.delete(id);
  }
}

const MAX_EXCUSES = 20_000;
