import { isGangerError } from "../../errors.ts";
import type { Desk } from "./desk.ts";
import type { Link } from "./link.ts";

/**
 * Which returns of messages were nobody's death. A server that restarts, or a network that fails, gives jobs
 * back whose processes live; they say so to all others, so that such a job is not taken for poison.
 */
export class Excuses {
  readonly #counts = new Map<string, number>();
  readonly #unseen = new Map<string, { left: number; readonly until: number }>();

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

  /** So many messages of these lanes may have been on their way to somebody who lives, and come back without having been seen. */
  expect(unseen: readonly Unseen[]): void {
    const until = performance.now() + UNSEEN_MS;
    for (const [lane, amount] of unseen) this.#unseen.set(lane, { left: amount, until });
  }

  /** Takes a return that nobody has excused for that of a message which nobody had seen, where there may be one. */
  pardon(lane: string, id: string): void {
    const unseen = this.#unseen.get(lane);
    if (unseen === undefined || unseen.left === 0 || performance.now() > unseen.until) return;
    unseen.left--;
    this.add([id]);
  }

  of(id: string): number {
    return this.#counts.size === 0 ? 0 : (this.#counts.get(id) ?? 0);
  }
}

/** Of a lane, by its name on the server, how many messages may have been on their way. */
export type Unseen = readonly [lane: string, amount: number];

const MAX_EXCUSES = 20_000;
/** They are at the head of their lanes, and looked at soon. */
const UNSEEN_MS = 10_000;

/** Says to all others, once that can be said, that these jobs came back from a process that lives. */
export async function excuse(
  link: Link<Desk>,
  excuses: { readonly excused: readonly string[]; readonly unseen: readonly Unseen[]; readonly by: string },
): Promise<void> {
  const deadline = performance.now() + LATE_MS;
  for (let pauseMs = 250; performance.now() < deadline; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
    try {
      const desk = await link.open();
      return desk.mention(excuses);
    } catch (error) {
      if (isGangerError(error, "GANGER_BROKER_CLOSED")) return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
    }
  }
}

/** For how long a network may be away: who has such a job by then may still run it. */
const LATE_MS = 600_000;
const MAX_PAUSE_MS = 3000;
