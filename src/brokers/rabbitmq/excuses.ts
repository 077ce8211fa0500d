import { isGangerError } from "../../errors.ts";
import type { Desk } from "./desk.ts";
import type { Link } from "./link.ts";

/**
 * Which returns of messages were nobody's death. A server that restarts, or a network that fails, gives jobs
 * back whose processes live; they say so to all others, so that such a job is not taken for poison.
 */
export class Excuses {
  readonly #counts = new Map<string, number>();
  readonly #heard = new Set<string>();
  readonly #pardons = new Map<string, number>();
  readonly #unseen = new Map<string, { left: number; readonly until: number; readonly losses: number }>();

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

  /** Notes what somebody says who lives. It may be said more than once. */
  hear({ excused, unseen, by }: Word): void {
    if (this.#heard.has(by)) return;
    if (this.#heard.size >= MAX_WORDS) this.#heard.clear();
    this.#heard.add(by);
    this.add(excused);
    this.#expect(unseen);
  }

  /** So many messages of these lanes may have been on their way to somebody who lives, and come back without having been seen. */
  #expect(unseen: readonly Unseen[]): void {
    const until = performance.now() + UNSEEN_MS;
    for (const [lane, amount] of unseen) {
      const { left = 0, until: before = 0, losses = 0 } = this.#unseen.get(lane) ?? {};
      const rest = before > performance.now() ? left : 0;
      this.#unseen.set(lane, { left: amount + rest, until, losses: losses + 1 });
    }
  }

  /** Takes a return that nobody has excused for that of a message which nobody had seen, where there may be one. */
  pardon(lane: string, id: string): void {
    const unseen = this.#unseen.get(lane);
    if (unseen === undefined || unseen.left === 0 || performance.now() > unseen.until) return;
    // One lost connection explains one return.
    const pardons = this.#pardons.get(id) ?? 0;
    if (pardons >= unseen.losses) return;
    if (this.#pardons.size >= MAX_EXCUSES) this.#pardons.clear();
    this.#pardons.set(id, pardons + 1);
    unseen.left--;
    this.add([id]);
  }

  of(id: string): number {
    return this.#counts.size === 0 ? 0 : (this.#counts.get(id) ?? 0);
  }
}

/** What somebody says who lost a connection and lives. */
export interface Word {
  readonly excused: readonly string[];
  readonly unseen: readonly Unseen[];
  /** A name of its own. */
  readonly by: string;
}

/** Of a lane, by its name on the server, how many messages may have been on their way. */
export type Unseen = readonly [lane: string, amount: number];

const MAX_EXCUSES = 20_000;
const MAX_WORDS = 10_000;
/** They are at the head of their lanes, and looked at soon. */
const UNSEEN_MS = 10_000;

/** Says to all others, once that can be said, that these jobs came back from a process that lives. */
export async function excuse(link: Link<Desk>, word: Word): Promise<void> {
  const deadline = performance.now() + LATE_MS;
  for (let pauseMs = 250; performance.now() < deadline; pauseMs = Math.min(pauseMs * 1.5, MAX_PAUSE_MS)) {
    try {
      const desk = await link.open();
      // In an alarm nothing is sent.
      if (desk.wire.blocked === undefined) {
        desk.mention(word);
        // Some may not be back to hear it; those who are count it once.
        for (const ms of AGAIN_MS) setTimeout(() => link.current?.mention(word), ms).unref();
        return;
      }
    } catch (error) {
      if (isGangerError(error, "GANGER_BROKER_CLOSED")) return;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
  }
}

const AGAIN_MS = [1000, 3000];
/** For how long a network may be away: who has such a job by then may still run it. */
const LATE_MS = 600_000;
const MAX_PAUSE_MS = 3000;
