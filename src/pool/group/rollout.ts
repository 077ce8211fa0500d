import { GangerError } from "../../errors.ts";
import type { Group } from "./group.ts";

interface Before {
  readonly group: Group;
  readonly generation: number;
}

/**
 * Replaces the workers of groups one by one. At first one successor of each group
 * is started and none is stopped: only when all of them are ready it goes on. When
 * one does not come up, everything is put back as it was.
 */
export class Rollout {
  readonly done: Promise<void>;
  readonly #before: readonly Before[];
  readonly #restore: () => void;
  #resolve: () => void = () => undefined;
  #reject: (error: GangerError) => void = () => undefined;
  #isTrial = true;
  #isOver = false;

  /** Notes of what kind the workers are; change that after this. `restore` puts back counts, lists and options. */
  constructor(groups: Iterable<Group>, restore: () => void) {
    this.#before = Array.from(groups, (group) => {
      return { group, generation: group.generation };
    });
    this.#restore = restore;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Who does not wait for it reads of it in the log.
    this.done.catch(() => undefined);
    for (const { group } of this.#before) group.holdsSwap = true;
  }

  /** Still in trial: nothing was stopped yet. */
  get isTrial(): boolean {
    return this.#isTrial && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Goes on if it can; to be called after every change. */
  check(): void {
    if (this.#isOver) return;
    const groups = this.#before.map(({ group }) => group);
    if (this.#isTrial) {
      if (!groups.every(isTried)) return;
      this.#isTrial = false;
      for (const group of groups) group.holdsSwap = false;
      for (const group of groups) group.converge();
    }
    if (groups.some(({ isRolling }) => isRolling)) return;
    this.#isOver = true;
    this.#resolve();
  }

  /** Puts back what was changed. Workers that run the new already are replaced again. */
  abort(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { group, generation } of this.#before) {
      group.holdsSwap = false;
      group.generation = generation;
    }
    this.#restore();
    for (const { group } of this.#before) {
      group.markOutdated();
      for (const worker of group.workers) {
        if (worker.replaces !== undefined && worker.isOutdated) worker.on("stop");
      }
      group.converge();
    }
    const hint = "The workers go on as before. Mend what is named, and try again.";
    this.#reject(
      new GangerError("GANGER_ROLLOUT_FAILED", `A new worker did not come up: ${reason}`, { hint }),
    );
  }

  /** Another change takes its place, or there is a reason why it will not be done. */
  leave(reason?: GangerError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const { group } of this.#before) group.holdsSwap = false;
    if (reason === undefined) this.#resolve();
    else this.#reject(reason);
  }
}

/** It has a successor that is ready, or nothing to replace. */
function isTried(group: Group): boolean {
  const workers = [...group.workers];
  if (workers.some(({ replaces, state }) => replaces !== undefined && state === "running")) return true;
  return !workers.some(({ isOutdated, state }) => isOutdated && state === "running");
}
