import type { Claim, ClaimRequest } from "../../broker/claim.ts";
import type { Database, Transaction } from "./database.ts";
import type { Queues } from "./queues.ts";
import { type MysqlRow, type Result, toClaim, toNumber } from "./rows.ts";
import type { Statement } from "./statement.ts";

/** Queues that are asked in one packet, at most, when each has but few jobs. */
const MAX_ROUND = 64;

/** A job that this transaction has locked. */
interface Taken {
  readonly id: number;
  readonly turn: number;
  readonly queue: number;
  /** Of the claim that is being made: one more than that of the last. */
  readonly token: number;
}

/** One claim, step by step, so that its statements can travel with those of a settle. */
export class Claiming {
  readonly #database: Database;
  readonly #queues: Queues;
  readonly #limit: number;
  readonly #holder: string;
  /** Queues that may have work, in order. */
  #left: readonly number[];
  #holderId: number | undefined;
  #now = 0;
  readonly taken: Taken[] = [];
  readonly #ids = new Set<number>();
  /** How many were taken of the first queue of those left: it is asked for them once more, as our own locks hide nothing from us. */
  #takenOfFirst = 0;

  constructor(
    database: Database,
    queues: Queues,
    { holder, limit }: ClaimRequest,
    numbers: readonly number[],
  ) {
    this.#database = database;
    this.#queues = queues;
    this.#limit = limit;
    this.#holder = holder;
    this.#left = numbers;
  }

  get holder(): number {
    return this.#holderId ?? 0;
  }

  /** Starts the first packet: the holder is kept from being released. Two answers, the second for `take`. */
  start(): readonly Statement[] {
    return [this.#database.statement("setNow"), this.#database.statement("livingHolder", this.#holder)];
  }

  /** Ends the first packet: the first queue is tried, and the others are asked whether they have any work. */
  look(): readonly Statement[] {
    const [queue, ...others] = this.#left;
    return [
      ...(queue === undefined ? [] : [this.#database.statement("lockWaiting", queue, this.#limit)]),
      ...this.#database.many("hasWaiting", others),
    ];
  }

  /** Reads the answers of the first packet, and locks what else there is. */
  async take(
    transaction: Transaction,
    holder: Result | undefined,
    [first, ...others]: readonly Result[],
  ): Promise<void> {
    const [row] = holder?.rows ?? [];
    if (row === undefined) return;
    this.#holderId = toNumber(row[0]);
    this.#now = toNumber(row[1]);
    const [queue, ...rest] = this.#left;
    if (queue !== undefined) this.#add(queue, first?.rows ?? []);
    const withWork = new Set(others.flatMap(({ rows }) => rows.map(([id]) => toNumber(id))));
    this.#left = rest.filter((id) => withWork.has(id));
    for (let size = 1; this.#left.length > 0 && this.taken.length < this.#limit; size *= 2) {
      await this.#round(transaction, size);
    }
  }

  /**
   * Locks jobs of the next queues: of one as many as are wanted, of several a few of each, for what is locked
   * and not taken is hidden from others meanwhile. Where one had as many as it was asked for, it is next.
   */
  async #round(transaction: Transaction, size: number): Promise<void> {
    const wanted = this.#limit - this.taken.length;
    const amount = Math.max(1, Math.min(size, MAX_ROUND, Math.floor(wanted / 8)));
    const each = Math.floor(wanted / amount);
    const asked = this.#left
      .slice(0, amount)
      .map((queue, place) => ({ queue, limit: place === 0 ? each + this.#takenOfFirst : each }));
    const answers = await transaction.send(
      asked.map(({ queue, limit }) => this.#database.statement("lockWaiting", queue, limit)),
    );
    for (const [place, { queue, limit }] of asked.entries()) {
      const rows = answers[place]?.rows ?? [];
      this.#add(queue, rows);
      const isExhausted = rows.length < limit;
      this.#takenOfFirst = isExhausted ? 0 : rows.length;
      if (!isExhausted) return;
      this.#left = this.#left.slice(1);
    }
  }

  #add(queue: number, rows: readonly MysqlRow[]): void {
    for (const [number, turn, token] of rows) {
      const id = toNumber(number);
      if (this.#ids.has(id)) continue;
      this.#ids.add(id);
      this.taken.push({ id, turn: toNumber(turn), queue, token: toNumber(token) + 1 });
    }
  }

  /** The last packet: what was locked is moved from waiting to running, and read. */
  last(): readonly Statement[] {
    const rows = this.taken.map(({ id, token, queue }) => [id, token, queue, this.holder, this.#now]);
    return [
      ...this.#database.many("addRunning", rows),
      ...dropWaiting(this.#database, this.taken),
      ...this.#database.each(
        "claimedJobs",
        "id",
        this.taken.map(({ id }) => id),
      ),
    ];
  }

  /** Claims in the order in which jobs were locked, of the answers of the last packet. */
  toClaims(results: readonly Result[]): readonly Claim[] {
    const jobs = new Map(results.flatMap(({ rows }) => rows.map((row) => [toNumber(row[0]), row] as const)));
    return this.taken.flatMap(({ id, token, queue }) => {
      const job = jobs.get(id);
      return job === undefined ? [] : [toClaim(job, token, this.#queues.nameOf(queue))];
    });
  }
}

/** Deletes rows of waiting by their whole key, for each queue and priority. */
export function dropWaiting(
  database: Database,
  rows: readonly { readonly queue: number; readonly turn: number; readonly id: number }[],
): readonly Statement[] {
  const groups = new Map<string, { queue: number; turn: number; ids: number[] }>();
  for (const { queue, turn, id } of rows) {
    const key = `${queue} ${turn}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { queue, turn, ids: [id] });
    else group.ids.push(id);
  }
  if (groups.size > MAX_GROUPS) {
    return database.many(
      "dropWaitingOnes",
      rows.map(({ queue, turn, id }) => [queue, turn, id]),
    );
  }
  return [...groups.values()].flatMap(({ queue, turn, ids }) =>
    database.each("dropWaiting", "w.id", ids, queue, turn),
  );
}

const MAX_GROUPS = 8;
