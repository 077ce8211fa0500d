import { int4s, int8s } from "./binary.ts";
import type { News, Span } from "./enqueue.ts";
import type { Call, Lanes } from "./lanes.ts";
import type { Queues } from "./queues.ts";

/** What a notification says: the id of a job that is waiting or scheduled again, the queue of new jobs that can be claimed, or nothing of that. */
interface Heard {
  readonly id?: number | undefined;
  readonly queue?: string | undefined;
}

/** Reads a notification. One that is not known, as of a later release, is of anything. */
export function readPayload(payload: string): Heard {
  if (payload.startsWith(QUEUE)) return { queue: payload.slice(QUEUE.length) };
  return /^\d+$/.test(payload) ? { id: Number(payload) } : {};
}

/** What is said of new jobs of one queue, or of several. */
export function toPayload(queues: readonly string[]): string {
  const [queue] = queues;
  return queue !== undefined && queues.length === 1 ? `${QUEUE}${queue}` : "";
}

interface AnnouncementsOptions {
  readonly channel: string;
  readonly queues: Queues;
  /** Connections on which a commit waits for no disk: an announcement holds a lock of the whole server while it commits. */
  readonly lanes: Lanes;
}

/**
 * Tells idle workers of what is new: after its commit, and only where a queue was empty before it.
 * What finishes while one announcement is under way goes into the next.
 */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  #spans = new Map<number, Span>();
  #scheduled: Span | undefined;
  #requeued: number | undefined;
  #announcing: Promise<void> | undefined;
  #following: Promise<unknown> | undefined;
  #probeAgainAt = 0;
  /** Of each queue a job that was announced, or had one before it: while it waits, so need none after it be. */
  readonly #older = new Map<number, number>();

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  /** A batch is committed. */
  enqueued({ queues, scheduled }: News): void {
    for (const [queue, span] of queues) this.#spans.set(queue, join(span, this.#spans.get(queue)));
    if (scheduled !== undefined) this.#scheduled = join(scheduled, this.#scheduled);
    this.#announce();
  }

  /** Jobs with ids as low as this are waiting or scheduled again, or were changed by somebody. */
  requeued(id: number): void {
    this.#requeued = Math.min(id, this.#requeued ?? id);
    this.#announce();
  }

  /** What is sent right behind the statement that adds a lone job to this queue. */
  follower(queue: string): Call {
    const { channel, queues } = this.#options;
    const words = [channel, toPayload([queue])];
    if (performance.now() < this.#probeAgainAt) return { name: "notify", values: words };
    const number = queues.known(queue) ?? 0;
    return { name: "wakeForLast", values: [...words, number, this.#older.get(number) ?? 0] };
  }

  /** The lone job is committed, and its follower sent. */
  followed(follower: Promise<unknown>, news: News): void {
    const start = performance.now();
    const following = follower.then(
      () => this.#probed(start, news.queues),
      () => this.enqueued(news),
    );
    // Nothing of what came before is kept: a producer says this for months.
    this.#following = Promise.all([this.#following, following]).then(() => undefined);
  }

  /** Resolves when all is said. */
  async close(): Promise<void> {
    await this.#following;
    await this.#announcing;
  }

  #announce(): void {
    this.#announcing ??= this.#announceAll().finally(() => {
      this.#announcing = undefined;
    });
  }

  async #announceAll(): Promise<void> {
    while (this.#requeued !== undefined || this.#spans.size > 0 || this.#scheduled !== undefined) {
      const requeued = this.#requeued;
      const spans = this.#spans;
      const scheduled = this.#scheduled;
      this.#requeued = undefined;
      this.#spans = new Map();
      this.#scheduled = undefined;
      try {
        if (requeued !== undefined) await this.#notify(String(requeued));
        else await this.#wakeIdle(spans, scheduled);
      } catch {
        // Failing to is no reason to fail the call that had the news: idle workers poll as well.
      }
    }
  }

  async #wakeIdle(spans: ReadonlyMap<number, Span>, scheduled: Span | undefined): Promise<void> {
    const { lanes, channel, queues } = this.#options;
    const numbers = [...spans.keys()];
    const payload = scheduled === undefined ? toPayload(numbers.map((number) => queues.name(number))) : "";
    const start = performance.now();
    if (start < this.#probeAgainAt) return this.#notify(payload);
    const firsts = int8s([...spans.values()].map(([first]) => first));
    const older = int8s(numbers.map((number) => this.#older.get(number) ?? 0));
    const [first = null, last = null] = scheduled ?? [];
    await lanes.run("wakeIdle", [channel, payload, int4s(numbers), firsts, older, first, last]);
    this.#probed(start, spans);
  }

  async #notify(payload: string): Promise<void> {
    await this.#options.lanes.run("notify", [this.#options.channel, payload]);
  }

  /** Looking whether a queue was empty can be slow where many of its dead entries cannot be removed: then everybody is woken. */
  #probed(start: number, spans: ReadonlyMap<number, Span>): void {
    for (const [queue, [, last]] of spans) this.#older.set(queue, last);
    const now = performance.now();
    if (now - start > SLOW_PROBE_MS) this.#probeAgainAt = now + (now - start) * 20;
  }
}

function join([first, last]: Span, other: Span | undefined): Span {
  return other === undefined ? [first, last] : [Math.min(first, other[0]), Math.max(last, other[1])];
}

const QUEUE = "queue ";
const SLOW_PROBE_MS = 5;
