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
import type { RedisInspect } from "./inspect.ts";
import { release } from "./release.ts";
import { toList, toNumber, toTexts } from "./rows.ts";

export class RedisMaintenance implements Maintenance {
  readonly #connection: Connection;
  readonly #inspect: RedisInspect;

  constructor(connection: Connection, inspect: RedisInspect) {
    this.#connection = connection;
    this.#inspect = inspect;
  }

  async due(): Promise<DueReport> {
    const [moved = 0, next = -1] = toList(await this.#connection.run("due", [CHUNK])).map(toNumber);
    return { moved, nextInMs: next < 0 ? undefined : next };
  }

  async rescue(): Promise<readonly RescuedHolder[]> {
    const rescued: RescuedHolder[] = [];
    for (const holder of toTexts(await this.#connection.run("overdue", [0]))) {
      const detail = `of ${holder}, whose heartbeat ended`;
      // It may have come back, or have been rescued by another.
      const released = await release(this.#connection, holder, { kind: "crashed", detail }, true);
      if (released !== undefined) rescued.push({ holder, ...released });
    }
    return rescued;
  }

  async prune({ completed, failed, cancelled }: PruneBounds): Promise<PruneReport> {
    const queues = [...(await this.#inspect.numbers()).values()];
    let total = 0;
    let from = 0;
    // At least once: workers go by these bounds as well.
    do {
      const part = queues.slice(from, from + QUEUES);
      const args = [completed, failed, cancelled, CHUNK - total, ...part];
      const [deleted = 0, doneWith = 0] = toList(await this.#connection.run("prune", args)).map(toNumber);
      total += deleted;
      from += doneWith;
    } while (from < queues.length && total < CHUNK);
    return { deleted: total, more: total >= CHUNK };
  }

  async doctor(): Promise<readonly Finding[]> {
    return diagnose(this.#connection, this.#inspect);
  }
}

/** Jobs made ready or deleted in one call: some milliseconds in which the server does nothing else. */
const CHUNK = 2000;
/** Queues looked at in one call. */
const QUEUES = 500;
