import type { Counts } from "../../broker/counts.ts";
import { GangerError } from "../../errors.ts";
import type { QueueList, QueueOrder, WeighedQueue } from "../../job/queue-list.ts";
import type { MaybePromise } from "../../util/maybe-promise.ts";

/** Which queues a worker asks for next, and in which order. */
export class QueueChoice {
  readonly #list: QueueList;
  readonly #order: QueueOrder;
  readonly #counts: Counts | undefined;
  readonly #random: () => number;
  #queues: readonly WeighedQueue[];
  #names: readonly string[];
  #freshUntil = 0;
  /** Something came that is not in what is known of the queues. */
  #isExpired = true;
  #news = 0;
  #asking: Promise<void> | undefined;
  #turn = 0;

  /** @throws `GANGER_FACET_MISSING` when the list has patterns and the broker cannot say which queues have work. */
  constructor(
    list: QueueList,
    order: QueueOrder,
    counts: Counts | undefined,
    random: () => number = Math.random,
  ) {
    this.#list = list;
    this.#order = order;
    this.#counts = counts;
    this.#random = random;
    this.#queues = list.isDynamic ? [] : list.weigh([]);
    this.#names = this.#queues.map(({ queue }) => queue);
    if (!list.isDynamic || counts !== undefined) return;
    throw new GangerError("GANGER_FACET_MISSING", `The broker cannot serve the queue list "${list.label}"`, {
      hint: "Name the queues one by one: it cannot say which queues have work.",
    });
  }

  /** How many queues share what is claimed; more than one only where they take turns. */
  get sharers(): number {
    return this.#order === "strict" ? 1 : Math.max(1, this.#queues.length);
  }

  /** Forgets which queues had work, as something new may be there. */
  expire(): void {
    this.#isExpired = true;
    this.#news++;
  }

  /** Whether a job in this queue is any business of this list's. */
  includes(queue: string): boolean {
    return this.#list.includes(queue);
  }

  /** With `ready` it believes that those have work, and does not ask the broker. */
  next(ready?: readonly string[]): MaybePromise<readonly string[]> {
    if (!this.#list.isDynamic) return this.#inOrder();
    if (ready !== undefined) this.#take(ready);
    else if (this.#isStale) return this.#refresh().then(() => this.#inOrder());
    else this.#refreshAside();
    return this.#inOrder();
  }

  #inOrder(): readonly string[] {
    switch (this.#order) {
      case "strict":
        return this.#names;
      case "fair": {
        const turn = this.#turn++ % Math.max(1, this.#names.length);
        return [...this.#names.slice(turn), ...this.#names.slice(0, turn)];
      }
      case "weighted":
        return draw(this.#queues, this.#random);
    }
  }

  /** What is known is too old to be gone by. */
  get #isStale(): boolean {
    return this.#isExpired || performance.now() - this.#freshUntil > MAX_OVERDUE_MS;
  }

  /** Asks the broker for queues with work. */
  async #refresh(): Promise<void> {
    if (this.#asking !== undefined) {
      await this.#asking;
      // An answer under way may not have what came since it was asked for.
      if (!this.#isExpired && performance.now() < this.#freshUntil) return;
    }
    await this.#askOnce();
  }

  /** What is a little old is used once more, and asked for meanwhile, so that whoever has jobs at hand is brought more while it runs them. */
  #refreshAside(): void {
    if (performance.now() < this.#freshUntil) return;
    this.#askOnce().catch(() => this.expire());
  }

  #askOnce(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Asking costs more with more queues: the answer is good for twenty times as long as it took. */
  async #ask(): Promise<void> {
    const start = performance.now();
    const news = this.#news;
    this.#take((await this.#counts?.ready()) ?? []);
    const tookMs = performance.now() - start;
    this.#freshUntil = start + Math.max(MIN_FRESH_MS, tookMs * 20);
    // What came while the answer was on its way may not be in it.
    this.#isExpired = news !== this.#news;
  }

  #take(ready: readonly string[]): void {
    this.#queues = this.#list.weigh(ready);
    this.#names = this.#queues.map(({ queue }) => queue);
  }
}

const MIN_FRESH_MS = 10;
const MAX_OVERDUE_MS = 50;

/** An order by chance in which a queue is before another as often as their weights say (Efraimidis and Spirakis, 2006). */
function draw(queues: readonly WeighedQueue[], random: () => number): readonly string[] {
  return queues
    .map(({ queue, weight }) => ({ queue, key: Math.log(1 - random()) / weight }))
    .sort((a, b) => b.key - a.key)
    .map(({ queue }) => queue);
}
