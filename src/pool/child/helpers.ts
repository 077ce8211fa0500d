import { killTree } from "../../util/kill-tree.ts";
import { startTimeOf } from "../../util/proc-stat.ts";
import { isRunning } from "../../util/until-gone.ts";

/** Processes that run jobs for one worker, and are in nobody's reach but the fork server's. */
export class Helpers {
  readonly #known = new Map<number, number | undefined>();
  #many = MANY;

  add(pid: number): void {
    this.#known.set(pid, startTimeOf(pid));
    if (this.#known.size < this.#many) return;
    for (const [known, start] of this.#known) if (!isRunning(known, start)) this.#known.delete(known);
    this.#many = Math.max(MANY, this.#known.size * 2);
  }

  /** Their worker was cut off. A job that keeps its event loop busy would not hear of that, and go on beside its next run. */
  kill(): void {
    for (const [pid, start] of this.#known) if (isRunning(pid, start)) killTree(pid);
    this.#known.clear();
  }
}

/** After so many those that are gone are forgotten. */
const MANY = 16;
