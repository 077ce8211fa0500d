import type {
  DueReport,
  Finding,
  Maintenance,
  PruneBounds,
  PruneReport,
  RescuedHolder,
} from "../../broker/maintenance.ts";
import { type Diagnosis, diagnose, polling } from "./doctor.ts";
import type { Lanes } from "./lanes.ts";
import { Prune } from "./prune.ts";
import { release } from "./release.ts";
import { single, toNumber, toText } from "./rows.ts";
import type { PostgresWakeups } from "./wakeups.ts";

export class PostgresMaintenance implements Maintenance {
  readonly #lanes: Lanes;
  readonly #wakeups: PostgresWakeups;
  readonly #prune: Prune;
  readonly #diagnosis: Diagnosis;

  constructor(diagnosis: Diagnosis) {
    this.#diagnosis = diagnosis;
    this.#lanes = diagnosis.lanes;
    this.#wakeups = diagnosis.wakeups;
    this.#prune = new Prune(diagnosis.lanes);
  }

  async due(): Promise<DueReport> {
    const nextInMs = await this.#nextInMs();
    if (nextInMs === undefined || nextInMs > 0) return { moved: 0, nextInMs };
    const { rows } = await this.#lanes.runPlanned("moveDue", [CHUNK], CHUNK);
    const [moved, lowest] = rows[0] ?? [];
    if (toNumber(moved) > 0) this.#wakeups.requeued([toNumber(lowest)]);
    const next = await this.#nextInMs();
    return { moved: toNumber(moved), nextInMs: next === undefined ? undefined : Math.max(0, next) };
  }

  async rescue(): Promise<readonly RescuedHolder[]> {
    const { rows } = await this.#lanes.run("overdueHolders", [0]);
    const rescued: RescuedHolder[] = [];
    for (const row of rows) {
      const holder = toText(row[0]);
      const detail = `of ${holder}, whose heartbeat ended`;
      const released = await this.#lanes.transaction((run) =>
        release(run, holder, { kind: "crashed", detail }, true),
      );
      if (released === undefined) continue;
      this.#wakeups.requeued(released.waiting.map(Number));
      rescued.push({ holder, ...released });
    }
    return rescued;
  }

  prune(bounds: PruneBounds): Promise<PruneReport> {
    return this.#prune.next(bounds);
  }

  doctor(): Promise<readonly Finding[]> {
    return diagnose(this.#diagnosis);
  }

  async cautions(): Promise<readonly Finding[]> {
    return polling(this.#diagnosis);
  }

  async #nextInMs(): Promise<number | undefined> {
    const next = single(await this.#lanes.runPlanned("nextDue", []));
    return next === undefined ? undefined : toNumber(next);
  }
}

const CHUNK = 2000;
