import type {
  DueReport,
  Finding,
  Maintenance,
  PruneReport,
  RescuedHolder,
} from "../../broker/maintenance.ts";

export interface Duties {
  readonly rescue: () => Promise<readonly RescuedHolder[]>;
  readonly doctor: () => Promise<readonly Finding[]>;
  readonly cautions: () => Promise<readonly Finding[]>;
}

/** The server makes jobs due and deletes what is over its bounds by itself. */
export class RabbitmqMaintenance implements Maintenance {
  readonly #duties: Duties;

  constructor(duties: Duties) {
    this.#duties = duties;
  }

  async due(): Promise<DueReport> {
    return { moved: 0, nextInMs: undefined };
  }

  /** Of the holders that claim in this process; the server itself gives back what a lost connection held. */
  async rescue(): Promise<readonly RescuedHolder[]> {
    return this.#duties.rescue();
  }

  async prune(): Promise<PruneReport> {
    return { deleted: 0, more: false };
  }

  async doctor(): Promise<readonly Finding[]> {
    return this.#duties.doctor();
  }

  async cautions(): Promise<readonly Finding[]> {
    return this.#duties.cautions();
  }
}
