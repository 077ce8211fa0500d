/** Tells of each trouble once, until the thing it is about goes well again. */
export class Troubles {
  readonly #told = new Map<string, Set<string>>();
  readonly #tell: (what: string, reason: string) => void;

  constructor(tell: (what: string, reason: string) => void) {
    this.#tell = tell;
  }

  add(what: string, reason: string): void {
    const told = this.#told.get(what) ?? new Set();
    if (told.has(reason)) return;
    // A reason with a time in it is another one each time: only the last few are remembered.
    if (told.size >= MAX_REMEMBERED) told.clear();
    this.#told.set(what, told.add(reason));
    this.#tell(what, reason);
  }

  forget(what: string): void {
    this.#told.delete(what);
  }
}

const MAX_REMEMBERED = 100;
