import type { Groups } from "./group/groups.ts";
import { isAlive } from "./process/alive.ts";
import { readOrphans, type WorkerRecord } from "./process/roster.ts";

/**
 * Counts the workers that a killed manager left behind, until they have finished
 * and are gone: so long each takes the place of one that would be started.
 */
export class OrphanWatch implements Disposable {
  readonly #groups: Groups;
  readonly #onChange: () => void;
  readonly #timer: NodeJS.Timeout;
  #orphans: readonly WorkerRecord[];

  constructor(directory: string, groups: Groups, onChange: () => void) {
    this.#groups = groups;
    this.#onChange = onChange;
    this.#orphans = readOrphans(directory);
    this.#tell();
    this.#timer = setInterval(() => this.#look(), LOOK_MS).unref();
  }

  get count(): number {
    return this.#orphans.length;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const left = this.#orphans.filter((orphan) => isAlive(orphan));
    if (left.length === this.#orphans.length) return;
    this.#orphans = left;
    this.#tell();
    for (const group of this.#groups) group.converge();
    this.#onChange();
  }

  #tell(): void {
    for (const group of this.#groups) {
      group.orphans = this.#orphans.filter(({ queues }) => queues === group.spec.queues);
    }
  }
}

const LOOK_MS = 100;
