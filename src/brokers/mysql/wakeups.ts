import { setTimeout as delay } from "node:timers/promises";
import type { Wakeups } from "../../broker/wakeups.ts";
import type { Database } from "./database.ts";
import type { MysqlRow } from "./rows.ts";

/** How often is looked: soon after something happened, ever less often while nothing does. */
const SOON_MS = 5;
const LATE_MS = 100;
/** For how long after news looks stay frequent. */
const LIVELY_MS = 2000;
/** A worker with its hands full comes back by itself. */
const BUSY_MS = 50;
/** Who begins first may commit last: after news there is one more call, in case. */
const ECHO_MS = 25;
/** All announcements write one row: many at a time are one. */
const GAP_MS = 5;

/**
 * Wakes by looking, as neither MySQL nor MariaDB can call. One look reads three numbers by index: the newest
 * job, the newest thing that befell one, and a count of all else that is news. So enqueueing costs nothing more, and no two producers meet at one row.
 */
export class MysqlWakeups implements Wakeups {
  readonly #database: Database;
  readonly #listeners = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #seen: string | undefined;
  #newsAt = 0;
  #isBusy = false;
  #isClosed = false;
  #announcing: Promise<void> | undefined;
  #isAnnounced = true;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Tells everybody of news other than new jobs. Nobody waits for it, and failing to is no reason to fail the
   * call that had the news: idle workers look by themselves as well.
   */
  announce(): void {
    this.#isAnnounced = false;
    this.#announcing ??= this.#announce();
  }

  /** How a claim went: while claims come back full there is nothing to wait for. */
  pace(isHungry: boolean): void {
    if (this.#isBusy === !isHungry) return;
    this.#isBusy = !isHungry;
    if (isHungry) this.#schedule(SOON_MS);
  }

  async subscribe(wake: () => void): Promise<AsyncDisposable> {
    // Each subscription by itself, even where two are of one function.
    const listener = () => wake();
    if (this.#seen === undefined) await this.#look();
    this.#listeners.add(listener);
    this.#newsAt = performance.now();
    this.#schedule(SOON_MS);
    return {
      [Symbol.asyncDispose]: async () => {
        this.#listeners.delete(listener);
        if (this.#listeners.size === 0) this.#rest();
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#rest();
    await this.#looking;
    await this.#announcing;
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#seen = undefined;
  }

  #schedule(inMs: number): void {
    if (this.#isClosed || this.#listeners.size === 0 || this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#looking = this.#look().finally(() => {
        this.#looking = undefined;
        this.#schedule(this.#pauseMs());
      });
    }, inMs);
  }

  #pauseMs(): number {
    if (this.#isBusy) return BUSY_MS;
    const quietMs = performance.now() - this.#newsAt;
    return quietMs < LIVELY_MS ? SOON_MS : Math.min(LATE_MS, SOON_MS * (quietMs / LIVELY_MS));
  }

  async #look(): Promise<void> {
    try {
      const [row] = await this.#database.rows([this.#database.statement("news")]);
      const seen = toKey(row);
      const isNews = this.#seen !== undefined && this.#seen !== seen;
      this.#seen = seen;
      if (!isNews) return;
      this.#newsAt = performance.now();
      this.#call();
      setTimeout(() => this.#call(), ECHO_MS).unref();
    } catch {
      // The server is gone: when it is back there may be anything.
      this.#seen = "";
    }
  }

  #call(): void {
    for (const listener of this.#listeners) listener();
  }

  async #announce(): Promise<void> {
    try {
      while (!this.#isAnnounced) {
        this.#isAnnounced = true;
        await this.#database.send([this.#database.statement("announce")]);
        if (!this.#isAnnounced && !this.#isClosed) await delay(GAP_MS);
      }
    } catch {
      // Nothing can be told now.
    } finally {
      this.#announcing = undefined;
    }
  }
}

function toKey(row: MysqlRow | undefined): string {
  return (row ?? []).join(" ");
}
