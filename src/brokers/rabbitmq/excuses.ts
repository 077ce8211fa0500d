import { isGangerError } from "../../errors.ts";
import type { Desk } from "./desk.ts";
import type { Link } from "./link.ts";

/**
 * Which returns of messages were nobody's death. A server that restarts, or a network that fails, gives jobs
 * back whose processes live; they say so to all others, so that such a job is not taken for poison.
 */
export class Excuses {
  readonly #counts = new Map<string, number>();

  add(ids: readonly string[]): void {
    for (const id of ids) {
      const count = (this.#counts.get(id) ?? 0) + 1;
      this.#counts.delete(id);
      this.#counts.set(id, count);
    }
    for (const id of this.#counts.keys()) {
      if (this.#counts.size <= MAX_EXCUSES) break;
      this.#counts.delete(id);
    }
  }

  of(id: string): number {
    return this.#counts.size === 0 ? 0 : (this.#counts.get(id) ?? 0);
  }

  /** The message was acknowledged; what follows it was never returned. */
  forget(id: string): void {
    if (this.#counts.size > 0) this.#counts.delete(id);
  }
}

const MAX_EXCUSES = 20_000;

/** Says to all others, once that can be said, that these jobs came back from a process that lives. */
export async function excuse(link: Link<Desk>, ids: readonly string[]): Promise<void> {
  const deadline = performance.now() + LATE_MS;
  for (let pauseMs = 250; performance.now() < deadline; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
    try {
      const desk = await link.open();
      return desk.mention({ excused: ids });
    } catch (error) {
      if (isGangerError(error, "GANGER_BROKER_CLOSED")) return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    }
  }
}

/** For how long a network may be away: who has such a job by then may still run it. */
const LATE_MS = 600_000;
const MAX_PAUSE_MS = 3000;
