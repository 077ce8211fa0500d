import type { Claim, ClaimRequest, Outcome, Settlement } from "../../broker/claim.ts";
import { Claiming, type Taken } from "./claim.ts";
import type { Database, Transaction } from "./database.ts";
import type { Queues } from "./queues.ts";
import { toNumber } from "./rows.ts";
import { complete, lockHeld, settle } from "./settle.ts";

type Completed = Extract<Outcome, { kind: "completed" }>;

/** Claims, alone or along with the outcomes of jobs that completed. */
export class Claimer {
  readonly #database: Database;
  readonly #queues: Queues;
  /**
   * Claims whose commit nobody answered, by holder: they may stand, and whoever asked does not know of them.
   * Given back before this holder's next claim.
   */
  readonly #doubts = new Map<string, readonly Taken[]>();

  constructor(database: Database, queues: Queues) {
    this.#database = database;
    this.#queues = queues;
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    await this.#dispel(request.holder);
    const numbers = await this.#queues.find(request.queues);
    // An idle worker asks often: it must not lock anything to learn that there is nothing.
    const found = await this.#database.rows(this.#database.many("hasWaiting", numbers));
    if (found.length === 0) return [];
    const withWork = new Set(found.map(([id]) => toNumber(id)));
    const busy = numbers.filter((number) => withWork.has(number));
    return this.#doing(request, busy, async (claiming, transaction) => {
      const [, holder, ...seen] = await transaction.send([...claiming.start(), ...claiming.look()]);
      await claiming.take(transaction, holder, seen);
      if (claiming.taken.length === 0) return [];
      return claiming.toClaims(await transaction.commit(claiming.last()));
    });
  }

  /** Settles and claims in one transaction of two packets: what is locked in the first is written in the second. */
  async complete(outcomes: readonly Completed[], next: ClaimRequest | undefined): Promise<Settlement> {
    if (next === undefined) return this.#completeAlone(outcomes);
    await this.#dispel(next.holder);
    const numbers = await this.#queues.find(next.queues);
    return this.#doing(next, numbers, async (claiming, transaction) => {
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

  async #completeAlone(outcomes: readonly Completed[]): Promise<Settlement> {
    const settled = await this.#database.write(async (transaction) => {
      const [clock, ...locked] = await transaction.send([
        this.#database.statement("now"),
        ...lockHeld(this.#database, outcomes),
      ]);
      const now = toNumber(clock?.rows[0]?.[0]);
      const completion = complete(this.#database, outcomes, locked, now);
      await completion.moves.apply(transaction, completion.before);
      return completion.settled;
    });
    return { settled, claimed: [] };
  }

  #doing<T>(
    request: ClaimRequest,
    numbers: readonly number[],
    work: (claiming: Claiming, transaction: Transaction) => Promise<T>,
  ): Promise<T> {
    let claiming = new Claiming(this.#database, this.#queues, request, numbers);
    return this.#database.write(
      (transaction) => {
        claiming = new Claiming(this.#database, this.#queues, request, numbers);
        return work(claiming, transaction);
      },
      {
        onDoubt: () => {
          const doubts = this.#doubts.get(request.holder) ?? [];
          this.#doubts.set(request.holder, [...doubts, ...claiming.taken]);
        },
      },
    );
  }

  /** Gives back what this holder may have without knowing. Where the claim was not made, or is another's by now, nothing changes. */
  async #dispel(holder: string): Promise<void> {
    const doubts = this.#doubts.get(holder);
    if (doubts === undefined) return;
    const outcomes = doubts.map(({ id, token }) => ({
      kind: "released" as const,
      started: false,
      id: String(id),
      token,
    }));
    await this.#database.write((transaction) => settle(this.#database, this.#queues, transaction, outcomes));
    this.#doubts.delete(holder);
  }
}
