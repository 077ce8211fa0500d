import type { PruneReport } from "../../broker/maintenance.ts";
import type { Connection } from "./connection.ts";
import { forget } from "./moves.ts";
import { toNumber } from "./rows.ts";

const CHUNK = 20_000;
const START: Place = [0, 0, 0];

type Place = readonly [queue: number, state: number, id: number];

/**
 * Walks through the finished jobs again and again, a chunk a call, and deletes
 * those past their time. An index by time would cost each job that completes
 * more than the walk costs.
 */
export class ExpirySweep {
  readonly #connection: Connection;
  #from: Place = START;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Sweeps one chunk; `more` is false when the walk has come to the end. */
  async next(): Promise<PruneReport> {
    const from = this.#from;
    const last = this.#connection.statement("chunkEnd").get(...from, CHUNK - 1);
    const to = toPlace(last) ?? END;
    this.#from = last === undefined ? START : to;
    const expired = this.#expired(from, to, this.#connection.now());
    if (expired.length === 0) return { deleted: 0, more: last !== undefined };
    const deleted = await this.#connection.write((now) => {
      const rows = this.#expired(from, to, now).slice(0, MAX_DELETED);
      const drop = this.#connection.statement("dropFinished");
      for (const place of rows) drop.run(...place);
      forget(
        this.#connection,
        rows.map(([, , id]) => id),
      );
      return rows.length;
    });
    if (deleted === MAX_DELETED) this.#from = from;
    return { deleted, more: last !== undefined || deleted === MAX_DELETED };
  }

  #expired(from: Place, to: Place, now: number): readonly Place[] {
    const rows = this.#connection.statement("expiredInChunk").all(...from, ...to, now);
    return rows.map(toPlace).filter((place) => place !== undefined);
  }
}

const MAX_DELETED = 5000;
const END: Place = [Number.MAX_SAFE_INTEGER, 0, 0];

function toPlace(row: readonly unknown[] | undefined): Place | undefined {
  const [queue, state, id] = (row ?? []).map(toNumber);
  return queue === undefined || state === undefined || id === undefined ? undefined : [queue, state, id];
}
