import type {
  DueReport,
  Finding,
  Maintenance,
  PruneBounds,
  PruneReport,
  RescuedHolder,
} from "../../broker/maintenance.ts";
import { type Database, LONG_MS } from "./database.ts";
import { diagnose } from "./doctor.ts";
import { moveDue } from "./due.ts";
import { FINISHED, forget } from "./moves.ts";
import { release } from "./release.ts";
import { toNumber, toText } from "./rows.ts";
import { ExpirySweep } from "./sweep.ts";
import type { MysqlWakeups } from "./wakeups.ts";

const MOST_LOOKS = 2;

export class MysqlMaintenance implements Maintenance {
  readonly #database: Database;
  readonly #wakeups: MysqlWakeups;
  readonly #sweep: ExpirySweep;
  #overflow: Overflow[] = [];

  constructor(database: Database, wakeups: MysqlWakeups) {
    this.#database = database;
    this.#wakeups = wakeups;
    this.#sweep = new ExpirySweep(database);
  }

  async due(): Promise<DueReport> {
    let moved = 0;
    let nextInMs = await this.#nextInMs();
    // On MySQL several that look at once were seen to leave a few jobs to the next look.
    for (let looks = 0; looks < MOST_LOOKS && nextInMs === 0; looks++) {
      const fresh = await this.#database.write((transaction) => moveDue(this.#database, transaction));
      if (fresh > 0) this.#wakeups.announce();
      moved += fresh;
      nextInMs = await this.#nextInMs();
    }
    return { moved, nextInMs };
  }

  async rescue(): Promise<readonly RescuedHolder[]> {
    const overdue = await this.#database.rows([this.#database.statement("overdueHolders", 0)]);
    const rescued: RescuedHolder[] = [];
    for (const [name] of overdue) {
      const holder = toText(name);
      const detail = `of ${holder}, whose heartbeat ended`;
      const reason = { kind: "crashed", detail } as const;
      const released = await this.#database.write((transaction) =>
        release(this.#database, transaction, { holder, reason, isOverdue: true }),
      );
      if (released !== undefined) rescued.push({ holder, ...released });
    }
    if (rescued.some(({ waiting }) => waiting.length > 0)) this.#wakeups.announce();
    return rescued;
  }

  async prune(bounds: PruneBounds): Promise<PruneReport> {
    const overflow = await this.#pruneOverflow(bounds);
    if (this.#overflow.length > 0) return { deleted: overflow, more: true };
    const { deleted, more } = await this.#sweep.next();
    return { deleted: overflow + deleted, more };
  }

  async doctor(): Promise<readonly Finding[]> {
    await this.#database.countDeadlocks();
    return diagnose(this.#database);
  }

  async #nextInMs(): Promise<number | undefined> {
    const [row] = await this.#database.rows([this.#database.statement("nextDue")]);
    return row === undefined ? undefined : Math.max(0, toNumber(row[0]) - toNumber(row[1]));
  }

  /**
   * Deletes the oldest of the queues that have more finished jobs than they may
   * keep. Counting reads them all, so that it is done once for many deletions.
   */
  async #pruneOverflow(bounds: PruneBounds): Promise<number> {
    if (this.#overflow.length === 0) this.#overflow = await this.#countOverflow(bounds);
    let deleted = 0;
    for (let next = this.#overflow.pop(); next !== undefined; next = this.#overflow.pop()) {
      const limit = Math.min(next.excess, CHUNK - deleted);
      const found = await this.#deleteOldest(next, limit);
      deleted += found;
      const excess = next.excess - found;
      // Less than there was: others prune as well.
      if (excess > 0 && found === limit) this.#overflow.push({ ...next, excess });
      if (deleted >= CHUNK) break;
    }
    return deleted;
  }

  async #countOverflow(bounds: PruneBounds): Promise<Overflow[]> {
    const counts = await this.#database.rows([this.#database.statement("finishedCounts")], LONG_MS);
    return counts.flatMap((row) => {
      const [queue = 0, state = 0, count = 0] = row.map(toNumber);
      const excess = count - boundOf(bounds, state);
      return excess > 0 ? [{ queue, state, excess }] : [];
    });
  }

  #deleteOldest({ queue, state }: Overflow, limit: number): Promise<number> {
    return this.#database.write(async (transaction) => {
      const [found] = await transaction.send([
        this.#database.statement("oldestFinished", queue, state, limit),
      ]);
      const ids = (found?.rows ?? []).map(([id]) => toNumber(id));
      const drops = this.#database.many(
        "dropFinished",
        ids.map((id) => [queue, state, id]),
      );
      await transaction.commit([...drops, ...forget(this.#database, ids)]);
      return ids.length;
    });
  }
}

interface Overflow {
  readonly queue: number;
  readonly state: number;
  readonly excess: number;
}

/** Rows deleted in one call, in one transaction for each queue. */
const CHUNK = 2000;

function boundOf({ completed, failed, cancelled }: PruneBounds, state: number): number {
  if (state === FINISHED.completed) return completed;
  return state === FINISHED.failed ? failed : cancelled;
}
