/**
 * Remembers the claims whose answers were lost. The server may have handed out jobs that nobody knows of: the next
 * call of the same holder names these calls, and the server takes back what they got. Numbers of calls, no jobs.
 */
export class LostCalls {
  readonly #byHolder = new Map<string, Map<string, number>>();
  readonly #session: string;
  #count = 0;

  constructor(session: string) {
    this.#session = session;
  }

  /** A name for a call that no other has. */
  next(): string {
    return `${this.#session}.${++this.#count}`;
  }

  add(holder: string, nonce: string): void {
    const calls = this.#byHolder.get(holder) ?? new Map<string, number>();
    this.#byHolder.set(holder, calls.set(nonce, performance.now()));
  }

  /** Those of a holder. They are named for a minute, as a call may reach its server late. */
  of(holder: string): readonly string[] {
    const calls = this.#byHolder.get(holder);
    if (calls === undefined) return NONE;
    const oldest = performance.now() - NAMED_MS;
    for (const [nonce, at] of calls) if (at < oldest) calls.delete(nonce);
    if (calls.size === 0) this.#byHolder.delete(holder);
    return [...calls.keys()];
  }
}

const NONE: readonly string[] = [];
const NAMED_MS = 60_000;
