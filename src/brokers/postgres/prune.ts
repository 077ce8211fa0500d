import type { PruneBounds, PruneReport } from "../../broker/maintenance.ts";
import type { Lanes } from "./lanes.ts";
import { STATE } from "./moves.ts";
import { PruneMarks } from "./prune-marks.ts";
import { single, toNumber } from "./rows.ts";

interface Overflow {
  readonly queue: number;
  readonly state: number;
  readonly excess: number;
}

type Place = readonly [queue: number, state: number, id: number];

const START: Place = [0, 0, 0];
const END: Place = [2_147_483_647, 0, 0];

/** Rows deleted in one call, and rows looked at. */
const CHUNK = 4000;
const SWEEP = 20_000;

/**
 * Deletes finished jobs: first the oldest of the queues that have more than they may keep, then those past their
 * time, by a walk through all of them, a chunk a call. An index by time would cost each job more than the walk.
 */
export class Prune {
  readonly #lanes: Lanes;
  readonly #marks = new PruneMarks();
  #overflow: Overflow[] = [];
  #from: Place = START;

  constructor(lanes: Lanes) {
    this.#lanes = lanes;
  }

  async next(bounds: PruneBounds): Promise<PruneReport> {
    const overflow = await this.#pruneOverflow(bounds);
    if (this.#overflow.length > 0) return { deleted: overflow, more: true };
    const { deleted, more } = await this.#sweep();
    return { deleted: overflow + deleted, more };
  }

  /** Counting reads all rows, so that it is done once for many deletions. */
  async #pruneOverflow(bounds: PruneBounds): Promise<number> {
    if (this.#overflow.length === 0) this.#overflow = await this.#countOverflow(bounds);
    let deleted = 0;
    for (let next = this.#overflow.pop(); next !== undefined; next = this.#overflow.pop()) {
      const { queue, state, excess } = next;
      const limit = Math.min(excess, CHUNK - deleted);
      deleted += await this.#pruneOldest(queue, state, limit);
      if (excess > limit) this.#overflow.push({ ...next, excess: excess - limit });
      if (deleted >= CHUNK) break;
    }
    return deleted;
  }

  async #pruneOldest(queue: number, state: number, limit: number): Promise<number> {
    const mark = this.#marks.of(queue, state);
    const { rows } = await this.#lanes.run("pruneOldest", [queue, state, limit, mark], limit);
    const [count = 0, last] = rows[0] ?? [];
    const deleted = toNumber(count);
    this.#marks.advance(queue, state, deleted < limit || last === null ? 0 : toNumber(last));
    return deleted;
  }

  async #countOverflow(bounds: PruneBounds): Promise<Overflow[]> {
    const { rows } = await this.#lanes.runAtLeisure("finishedCounts");
    return rows.flatMap((row) => {
      const [queue = 0, state = 0, count = 0] = row.map(toNumber);
      const excess = count - boundOf(bounds, state);
      return excess > 0 ? [{ queue, state, excess }] : [];
    });
  }

  async #sweep(): Promise<PruneReport> {
    const from = this.#from;
    const [last] = (await this.#lanes.run("chunkEnd", [...from, SWEEP - 1], SWEEP)).rows;
    const [queue = 0, state = 0, id = 0] = (last ?? END).map(toNumber);
    this.#from = last === undefined ? START : [queue, state, id];
    const deleted = toNumber(
      single(await this.#lanes.run("pruneExpired", [...from, queue, state, id], SWEEP)),
    );
    return { deleted, more: last !== undefined };
  }
}

function boundOf({ completed, failed, cancelled }: PruneBounds, state: number): number {
  if (state === STATE.completed) return completed;
  return state === STATE.failed ? failed : cancelled;
}
