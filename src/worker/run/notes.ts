import type { Broker } from "../../broker/broker.ts";
import type { Edit, Note } from "../../broker/edit.ts";
import { type ErrorCode, isGangerError } from "../../errors.ts";
import { type CompleteIn, completerOf } from "./complete-in.ts";
import type { JobRun, RunListener } from "./job-run.ts";

const MAX_LINES = 100;

interface RunNote {
  progress?: number | undefined;
  log: string[];
}

/** What running jobs need of their broker. */
export type RunBroker = Pick<Broker, "name" | "edit" | "transactions">;

/** Collects what running jobs report, and writes it by the batch. */
export class Notes implements RunListener {
  readonly #complete: CompleteIn;
  readonly #broker: RunBroker;
  readonly #edit: Edit | undefined;
  readonly #pending = new Map<JobRun, RunNote>();

  constructor(broker: RunBroker) {
    this.#broker = broker;
    this.#edit = broker.edit;
    this.#complete = completerOf(broker);
  }

  /** What a run has noted needs its claim, which its completion ends. It stays pending, should the user roll back. */
  readonly completeIn: CompleteIn = async (run, transaction, outcome) => {
    const { annotate } = this.#broker.transactions ?? {};
    const note = this.#pending.get(run);
    if (note !== undefined && annotate !== undefined)
      await annotate(transaction, [{ id: run.id, token: run.claim.token, ...note }]);
    else if (note !== undefined && this.#broker.transactions !== undefined)
      await this.flush().catch(() => []);
    return this.#complete(run, transaction, outcome);
  };

  noted(run: JobRun, { progress, line }: { readonly progress?: number; readonly line?: string }): void {
    if (this.#edit === undefined) return;
    const note = this.#pending.get(run) ?? { log: [] };
    if (progress !== undefined) note.progress = progress;
    if (line !== undefined) note.log.push(line);
    if (note.log.length > MAX_LINES) note.log.shift();
    this.#pending.set(run, note);
  }

  #restore(taken: ReadonlyMap<JobRun, RunNote>): void {
    for (const [run, { progress, log }] of taken) {
      const newer = this.#pending.get(run);
      const lines = [...log, ...(newer?.log ?? [])].slice(-MAX_LINES);
      this.#pending.set(run, { progress: newer?.progress ?? progress, log: lines });
    }
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0;
  }

  /** Writes what is pending, and asks of these runs too whether they still hold their claims. Resolves with those that do not. */
  async flush(asked: Iterable<JobRun> = []): Promise<readonly JobRun[]> {
    const runs = [...new Set([...this.#pending.keys(), ...asked])];
    if (this.#edit === undefined || runs.length === 0) return [];
    const notes = runs.map((run): Note => {
      const { progress, log } = this.#pending.get(run) ?? {};
      return { id: run.id, token: run.claim.token, progress, log };
    });
    const taken = new Map(this.#pending);
    this.#pending.clear();
    const held = await this.#edit.annotate(notes).catch((error: unknown) => {
      // The store's absence loses no lines; what it refuses is not offered again.
      if (PASSING.some((code) => isGangerError(error, code))) this.#restore(taken);
      throw error;
    });
    return runs.filter((_, place) => held[place] === false);
  }
}

const PASSING: readonly ErrorCode[] = [
  "GANGER_BROKER_UNREACHABLE",
  "GANGER_BROKER_LOCKED",
  "GANGER_BROKER_FULL",
  "GANGER_BROKER_READONLY",
];
