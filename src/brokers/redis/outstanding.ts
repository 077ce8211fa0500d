import { randomBytes } from "node:crypto";
import type { Claim } from "../../broker/claim.ts";
import type { Knowledge } from "./exchange.ts";

/**
 * Which claims this side has and has not settled: their ids, no jobs.
 *
 * The answer to a claim may be lost, and a server that crashed or failed over may have lost its newest changes.
 * Then it believes of a living holder that it has jobs of which the holder knows nothing, and nobody would ever run
 * them. So the first claim after every break says what the holder knows of, and the server takes back the rest.
 */
export class Outstanding {
  readonly #ids = new Set<string>();
  readonly #session = randomBytes(9).toString("base64url");
  readonly #agreed = new Map<string, number>();

  /** What to tell the server with a claim of this holder. */
  of(holder: string, epoch: number): Knowledge {
    const isAgreed = (this.#agreed.get(holder) ?? 0) === epoch;
    return { session: this.#session, epoch, known: isAgreed ? undefined : this.#ids };
  }

  /** The server has answered that claim. */
  begin(holder: string, epoch: number, claims: readonly Claim[]): void {
    if (epoch > 0) this.#agreed.set(holder, epoch);
    for (const { id } of claims) this.#ids.add(id);
  }

  /** These are settled, or were taken away. */
  end(jobs: readonly { readonly id: string }[]): void {
    for (const { id } of jobs) this.#ids.delete(id);
  }
}
