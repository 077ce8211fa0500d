import type {
  DueReport,
  Finding,
  Maintenance,
  PruneBounds,
  PruneReport,
  RescuedHolder,
} from "../../broker/maintenance.ts";
import type { Connection } from "./connection.ts";
import { diagnose } from "./doctor.ts";
import { moveDue } from "./due.ts";
import { FINISHED, forget } from "./moves.ts";
import { release } from "./release.ts";
import { toNumber, toText } from "./rows.ts";
import { ExpirySweep } from "./sweep.ts";
import type { SqliteWakeups } from "./wakeups.ts";

export class SqliteMaintenance implements Maintenance {
  readonly #connection: Connection;
  readonly #wakeups: SqliteWakeups;
  readonly #sweep: ExpirySweep;
  #overflow: Overflow[] = [];

  constructor(connection: Connection, wakeups: SqliteWakeups) {
    this.#connection = connection;
    this.#wakeups = wakeups;
    this.#sweep = new ExpirySweep(connection);
  }

  async due(): Promise<DueReport> {
    const next = this.#connection.read(() => this.#nextDue());
    if (next === undefined || next > this.#connection.now()) return this.#report(0);
    const moved = await this.#connection.write((now) => moveDue(this.#connection, now));
    if (moved > 0) this.#wakeups.wake();
    return this.#report(moved);
  }

  async rescue(): Promise<readonly RescuedHolder[]> {
    const overdue = this.#connection.read(() => this.#overdue(this.#connection.now()));
    if (overdue.length === 0) return [];
    const rescued = await this.#connection.write((now) =>
      this.#overdue(now).map((holder) => this.#releaseDead(holder, now)),
    );
    if (rescued.some(({ waiting }) => waiting.length > 0)) this.#wakeups.wake();
    return rescued;
  }

  async prune(bounds: PruneBounds): Promise<PruneReport> {
    const overflow = await this.#pruneOverflow(bounds);
    if (this.#overflow.length > 0) return { deleted: overflow, more: true };
    const { deleted, more } = await this.#sweep.next();
    return { deleted: overflow + deleted, more };
  }

  async doctor(): Promise<readonly Finding[]> {
    return this.#connection.read(() => diagnose(this.#connection));
  }

  #releaseDead(holder: string, now: number): RescuedHolder {
    const detail = `of ${holder}, whose heartbeat ended`;
    const { waiting, poisoned } = release(this.#connection, holder, { kind: "crashed", detail }, now);
    return { holder, waiting, poisoned };
  }

  #nextDue(): number | undefined {
    const row = this.#connection.statement("nextDue").get();
    return row === undefined ? undefined : toNumber(row[0]);
  }

  #report(moved: number): DueReport {
    const next = this.#connection.read(() => this.#nextDue());
    return { moved, nextInMs: next === undefined ? undefined : Math.max(0, next - this.#connection.now()) };
  }

  #overdue(now: number): readonly string[] {
    return this.#connection
      .statement("overdueHolders")
      .all(now)
      .map(([name]) => toText(name));
  }

  /**
   * Deletes the oldest of the queues that have more finished jobs than they may
   * keep. Counting reads them all, so that it is done once for many deletions.
   */
  async #pruneOverflow(bounds: PruneBounds): Promise<number> {
    if (this.#overflow.length === 0)
      this.#overflow = this.#connection.read(() => this.#countOverflow(bounds));
    let deleted = 0;
    for (let next = this.#overflow.pop(); next !== undefined; next = this.#overflow.pop()) {
      const limit = Math.min(next.excess, CHUNK - deleted);
      deleted += await this.#deleteOldest(next, limit);
      if (next.excess > limit) this.#overflow.push({ ...next, excess: next.excess - limit });
      if (deleted >= CHUNK) break;
    }
    return deleted;
  }

  #countOverflow(bounds: PruneBounds): Overflow[] {
    const counts = this.#connection
      .statement("finishedCounts")
      .all()
      .map((row) => row.map(toNumber));
    return counts.flatMap(([queue = 0, state = 0, count = 0]) => {
      const excess = count - boundOf(bounds, state);
      return excess > 0 ? [{ queue, state, excess }] : [];
    });
  }

  #deleteOldest({ queue, state }: Overflow, limit: number): Promise<number> {
    return this.#connection.write(() => {
      const rows = this.#connection.statement("pruneOldest").all(queue, state, queue, state, limit);
      forget(
        this.#connection,
        rows.map(([id]) => toNumber(id)),
      );
      return rows.length;
    });
  }
}

interface Overflow {
  readonly queue: number;
  readonly state: number;
  readonly excess: number;
}

/** Rows deleted in one call: some milliseconds of the write lock. */
const CHUNK = 4000;

function boundOf({ completed, failed, cancelled }: PruneBounds, state: number): number {
  if (state === FINISHED.completed) return completed;
  return state === FINISHED.failed ? failed : cancelled;
}
