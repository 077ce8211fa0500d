import type { PruneReport } from "../../broker/maintenance.ts";
import type { Database, Transaction } from "./database.ts";
import { forget } from "./moves.ts";
import { toNumber } from "./rows.ts";

const CHUNK = 10_000;
const MAX_DELETED = 2000;
const START: Place = [-1, 0, 0];

type Place = readonly [queue: number, state: number, id: number];

/**
 * Walks through the finished jobs again and again, a chunk a call, and deletes
 * those past their time. An index by time would cost each job that completes
 * more than the walk costs.
 */
export class ExpirySweep {
  readonly #database: Database;
  #from: Place = START;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Sweeps one chunk; `more` is false when the walk has come to the end. */
  async next(): Promise<PruneReport> {
    const [queue, state, id] = this.#from;
    const [, found] = await this.#database.send([
      this.#database.statement("setNow"),
      this.#database.statement("chunkOf", queue, queue, state, queue, state, id, CHUNK),
    ]);
    const rows = (found?.rows ?? []).map((row) => row.map(toNumber));
    const [lastQueue = 0, lastState = 0, lastId = 0] = rows.at(-1) ?? [];
    const isEnd = rows.length < CHUNK;
    const expired = rows.filter(([, , , isExpired]) => isExpired === 1);
    const part = expired.slice(0, MAX_DELETED).map((row) => row.slice(0, 3));
    // What is left of this chunk is swept with the next call.
    if (part.length === expired.length) this.#from = isEnd ? START : [lastQueue, lastState, lastId];
    if (part.length === 0) return { deleted: 0, more: !isEnd };
    const deleted = await this.#database.write((transaction) => this.#delete(transaction, part));
    return { deleted, more: !isEnd || part.length < expired.length };
  }

  async #delete(transaction: Transaction, places: readonly (readonly number[])[]): Promise<number> {
    const [, ...locked] = await transaction.send([
      this.#database.statement("setNow"),
      ...this.#database.many("lockExpired", places),
    ]);
    const found = locked.flatMap(({ rows }) => rows.map((row) => row.map(toNumber)));
    const ids = found.map(([, , id = 0]) => id);
    await transaction.commit([...this.#database.many("dropFinished", found), ...forget(this.#database, ids)]);
    return found.length;
  }
}
