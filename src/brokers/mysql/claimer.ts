import type { Claim, ClaimRequest, Outcome, Settlement } from "../../broker/claim.ts";
import { LostClaims } from "../../broker/lost-claims.ts";
import { Claiming } from "./claim.ts";
import type { Database } from "./database.ts";
import { giveBack } from "./give-back.ts";
import type { Queues } from "./queues.ts";
import { toNumber } from "./rows.ts";
import { complete, lockHeld } from "./settle.ts";

type Completed = Extract<Outcome, { kind: "completed" }>;

/** Claims, alone or along with the outcomes of jobs that completed. */
export class Claimer {
  readonly #database: Database;
  readonly #queues: Queues;
  readonly lost: LostClaims;

  /** `found` is called when there are jobs again of which nobody knew. */
  constructor(database: Database, queues: Queues, found: () => void) {
    this.#database = database;
    this.#queues = queues;
    this.lost = new LostClaims({
      losses: () => database.connections.losses,
      async giveBack(holder, known) {
        if ((await giveBack(database, holder, known)) > 0) found();
      },
    });
  }

  claim(request: ClaimRequest): Promise<readonly Claim[]> {
    return this.lost.guard(request.holder, () => this.#claim(request));
  }

  async #claim(request: ClaimRequest): Promise<readonly Claim[]> {
    const numbers = await this.#queues.find(request.queues);
    // An idle worker asks often: it must not lock anything to learn that there is nothing.
    const found = await this.#database.rows(this.#database.many("hasWaiting", numbers));
    if (found.length === 0) return [];
    const withWork = new Set(found.map(([id]) => toNumber(id)));
    const busy = numbers.filter((number) => withWork.has(number));
    return this.#database.write(async (transaction) => {
      const claiming = new Claiming(this.#database, this.#queues, request, busy);
      const [, holder, ...seen] = await transaction.send([...claiming.start(), ...claiming.look()]);
      await claiming.take(transaction, holder, seen);
      if (claiming.taken.length === 0) return [];
      return claiming.toClaims(await transaction.commit(claiming.last()));
    });
  }

  /** Settles and claims in one transaction of two packets: what is locked in the first is written in the second. */
  async complete(outcomes: readonly Completed[], next: ClaimRequest | undefined): Promise<Settlement> {
    if (next === undefined) return { settled: await this.#completeAlone(outcomes), claimed: [] };
    let settled: readonly boolean[] = [];
    const claimed = await this.lost.guard(next.holder, async () => {
      const both = await this.#completeAndClaim(outcomes, next);
      settled = both.settled;
      return both.claimed;
    });
    return { settled, claimed };
  }

  async #completeAndClaim(outcomes: readonly Completed[], next: ClaimRequest): Promise<Settlement> {
    const numbers = await this.#queues.find(next.queues);
    return this.#database.write(async (transaction) => {
      const claiming = new Claiming(this.#database, this.#queues, next, numbers);
      const locks = lockHeld(this.#database, outcomes);
      const clock = this.#database.statement("now");
      const [now, , holder, ...answers] = await transaction.send([
        clock,
        ...claiming.start(),
        ...locks,
        ...claiming.look(),
      ]);
      await claiming.take(transaction, holder, answers.slice(locks.length));
      const { settled, moves, before } = complete(
        this.#database,
        outcomes,
        answers.slice(0, locks.length),
        toNumber(now?.rows[0]?.[0]),
      );
      const results = await moves.apply(transaction, before, claiming.last());
      return { settled, claimed: claiming.toClaims(results) };
    });
  }

  #completeAlone(outcomes: readonly Completed[]): Promise<readonly boolean[]> {
    return this.#database.write(async (transaction) => {
      const [clock, ...locked] = await transaction.send([
        this.#database.statement("now"),
        ...lockHeld(this.#database, outcomes),
      ]);
      const now = toNumber(clock?.rows[0]?.[0]);
      const completion = complete(this.#database, outcomes, locked, now);
      await completion.moves.apply(transaction, completion.before);
      return completion.settled;
    });
  }
}
