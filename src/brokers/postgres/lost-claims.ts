import type { Claim } from "../../broker/claim.ts";
import { int8s } from "./binary.ts";
import type { Run } from "./lanes.ts";
import { toNumber } from "./rows.ts";

interface Suspicion {
  /** Tokens up to here were answered. */
  readonly after: number;
  /** And these since. */
  readonly known: Set<number>;
  until: number;
  lookAgainAt: number;
}

/**
 * Finds claims of which nobody knows. When the answer of a claim is lost, its jobs may be with a holder that
 * lives and has never heard of them: they would stay there for as long as it does. The server may carry out
 * such a claim late, when it goes on after a pause; so it is looked for again and again for a while.
 */
export class LostClaims {
  readonly #run: Run;
  readonly #last = new Map<string, number>();
  readonly #underWay = new Map<string, number>();
  readonly #suspicions = new Map<string, Suspicion>();
  /** Called with ids of jobs that are waiting again. */
  readonly #found: (ids: readonly number[]) => void;

  constructor(run: Run, found: (ids: readonly number[]) => void) {
    this.#run = run;
    this.#found = found;
  }

  /** Carries out a claim of a holder, after giving back what an earlier one took unheard. */
  async guard(holder: string, claim: () => Promise<readonly Claim[]>): Promise<readonly Claim[]> {
    await this.#recover(holder);
    this.#underWay.set(holder, (this.#underWay.get(holder) ?? 0) + 1);
    try {
      return await claim();
    } catch (error) {
      this.suspect(holder);
      throw error;
    } finally {
      const left = (this.#underWay.get(holder) ?? 1) - 1;
      if (left > 0) this.#underWay.set(holder, left);
      else this.#underWay.delete(holder);
    }
  }

  /** These claims have reached their holder. */
  delivered(holder: string, claims: readonly Claim[]): void {
    let token = 0;
    for (const claim of claims) {
      if (claim.token === token) continue;
      token = claim.token;
      this.#suspicions.get(holder)?.known.add(token);
      this.#last.set(holder, Math.max(token, this.#last.get(holder) ?? 0));
    }
  }

  /** An answer did not reach its holder. */
  suspect(holder: string): void {
    const until = performance.now() + SUSPICION_MS;
    const known = this.#suspicions.get(holder);
    if (known === undefined) {
      const after = this.#last.get(holder) ?? 0;
      this.#suspicions.set(holder, { after, known: new Set(), until, lookAgainAt: 0 });
    } else {
      known.until = until;
      known.lookAgainAt = 0;
    }
  }

  /** Not while a claim is under way: it would be taken for a lost one. */
  async #recover(holder: string): Promise<void> {
    const suspicion = this.#suspicions.get(holder);
    const now = performance.now();
    if (suspicion === undefined || now < suspicion.lookAgainAt || this.#underWay.has(holder)) return;
    suspicion.lookAgainAt = now + LOOK_MS;
    const values = [holder, suspicion.after, int8s([...suspicion.known])];
    const { rows } = await this.#run("giveBackLost", values);
    if (now > suspicion.until) this.#suspicions.delete(holder);
    if (rows.length > 0) this.#found(rows.map((row) => toNumber(row[0])));
  }
}

/** For how long after the last failure a server may still carry out what it was sent before. */
const SUSPICION_MS = 60_000;
const LOOK_MS = 1000;
