import type { Claim } from "./claim.ts";

/** What `LostClaims` asks of a store. */
export interface ClaimBooks {
  /** How many connections were lost since the broker was opened. */
  readonly losses: () => number;
  /** Makes waiting again what this holder has by the store's books, but for the jobs that are known. */
  readonly giveBack: (holder: string, known: ReadonlySet<string>) => Promise<void>;
}

/** What is not sure about one holder. */
interface Doubt {
  underWay: number;
  /** Connections that were lost when the books were last looked at. */
  losses: number;
  /** Until when the server may carry out a claim that nobody waits for any more. */
  until: number | undefined;
  lookAgainAt: number;
  look: Promise<void> | undefined;
}

/**
 * Finds claims of which nobody knows. When the answer of a claim is lost, its jobs may be with a holder that
 * lives and has never heard of them; and a server that crashed or failed over may have lost the newest
 * outcomes, and believe that their jobs still run. They would stay there for as long as the holder lives.
 * So the first claim after a loss looks for what the holder does not know of. The server may carry out a lost
 * claim late, when it goes on after a pause; so it is looked for again and again for a while.
 */
export class LostClaims {
  readonly #books: ClaimBooks;
  /** Jobs that were handed out here and are not settled: their ids. */
  readonly #known = new Set<string>();
  readonly #doubts = new Map<string, Doubt>();

  constructor(books: ClaimBooks) {
    this.#books = books;
  }

  /** Carries out a claim of a holder, after giving back what an earlier one took unheard. */
  async guard(holder: string, claim: () => Promise<readonly Claim[]>): Promise<readonly Claim[]> {
    const doubt = this.#doubtOf(holder);
    await this.#look(holder, doubt);
    doubt.underWay++;
    try {
      const claims = await claim();
      for (const { id } of claims) this.#known.add(id);
      return claims;
    } catch (error) {
      this.suspect(holder);
      throw error;
    } finally {
      doubt.underWay--;
    }
  }

  /** An answer did not reach this holder. */
  suspect(holder: string): void {
    const doubt = this.#doubtOf(holder);
    doubt.until = performance.now() + SUSPICION_MS;
    doubt.lookAgainAt = 0;
  }

  /** These are settled, or were taken away. */
  end(jobs: readonly { readonly id: string }[]): void {
    for (const { id } of jobs) this.#known.delete(id);
  }

  #doubtOf(holder: string): Doubt {
    let doubt = this.#doubts.get(holder);
    if (doubt === undefined) {
      const losses = this.#books.losses();
      doubt = { underWay: 0, losses, until: undefined, lookAgainAt: 0, look: undefined };
      this.#doubts.set(holder, doubt);
    }
    return doubt;
  }

  /** Not beside another claim of this holder, which would be taken for a lost one. */
  #look(holder: string, doubt: Doubt): Promise<void> | undefined {
    if (doubt.look !== undefined || doubt.underWay > 0) return doubt.look;
    const losses = this.#books.losses();
    const now = performance.now();
    const isDue = doubt.until !== undefined && now >= doubt.lookAgainAt;
    if (losses === doubt.losses && !isDue) return undefined;
    const look = async () => {
      await this.#books.giveBack(holder, this.#known);
      doubt.losses = losses;
      doubt.lookAgainAt = now + LOOK_MS;
      if (now > (doubt.until ?? 0)) doubt.until = undefined;
    };
    doubt.look = look().finally(() => {
      doubt.look = undefined;
    });
    return doubt.look;
  }
}

/** For how long after the last failure a server may still carry out what it was sent before. */
const SUSPICION_MS = 60_000;
const LOOK_MS = 1000;
