import type { Edit, Note } from "../broker/edit.ts";
import type { JobRun, RunListener } from "./job-run.ts";

const MAX_LINES = 100;

/** Collects what running jobs report, and writes it by the batch. */
export class Notes implements RunListener {
  readonly #edit: Edit | undefined;
  readonly #pending = new Map<JobRun, { progress?: number | undefined; log: string[] }>();

  constructor(edit: Edit | undefined) {
    this.#edit = edit;
  }

  noted(run: JobRun, { progress, line }: { readonly progress?: number; readonly line?: string }): void {
    if (this.#edit === undefined) return;
    const note = this.#pending.get(run) ?? { log: [] };
    if (progress !== undefined) note.progress = progress;
    if (line !== undefined) note.log.push(line);
    if (note.log.length > MAX_LINES) note.log.shift();
    this.#pending.set(run, note);
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
    this.#pending.clear();
    const held = await this.#edit.annotate(notes);
    return runs.filter((_, place) => held[place] === false);
  }
}
