import type { HolderInfo } from "../../../broker/claim.ts";
import type { MemoryHolder } from "./job.ts";

/** Workers that beat and have not been released. */
export class Holders {
  readonly #byName = new Map<string, MemoryHolder>();

  find(name: string): MemoryHolder | undefined {
    return this.#byName.get(name);
  }

  all(): readonly MemoryHolder[] {
    return [...this.#byName.values()];
  }

  overdue(now: number): readonly MemoryHolder[] {
    return this.all().filter(({ aliveUntilMs }) => aliveUntilMs <= now);
  }

  beat({ holder, queues }: HolderInfo, untilMs: number): void {
    const known = this.#byName.get(holder);
    if (known === undefined) {
      this.#byName.set(holder, { name: holder, queues, aliveUntilMs: untilMs, held: new Set() });
      return;
    }
    known.queues = queues;
    known.aliveUntilMs = Math.max(known.aliveUntilMs, untilMs);
  }

  remove(name: string): void {
    this.#byName.delete(name);
  }
}
