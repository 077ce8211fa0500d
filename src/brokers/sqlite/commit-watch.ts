import type { Connection } from "./connection.ts";
import { toNumber } from "./rows.ts";
import type { UserConnection } from "./user-connection.ts";
import type { SqliteWakeups } from "./wakeups.ts";

/**
 * Wakes workers when transactions of users that brought news are over. No library tells of a commit, so it is looked
 * for: at once in the next turn of the event loop, then ever more seldom. A transaction that ended, and one that may
 * have ended and been followed by another on the same connection, count alike: waking too often does no harm.
 */
export class CommitWatch implements Disposable {
  readonly #own: Connection;
  readonly #wakeups: SqliteWakeups;
  readonly #users = new Set<UserConnection>();
  #version = 0;
  #delayMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(own: Connection, wakeups: SqliteWakeups) {
    this.#own = own;
    this.#wakeups = wakeups;
  }

  /** Called inside the transaction, which cannot have been committed yet. */
  add(user: UserConnection): void {
    if (this.#users.size === 0) this.#version = this.#dataVersion();
    this.#users.add(user);
    this.#delayMs = 0;
    this.#immediate ??= setImmediate(() => this.#look());
  }

  /** What has not ended yet is announced now: too early, and workers look for themselves once a second. */
  [Symbol.dispose](): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    if (this.#users.size > 0) this.#wakeups.wake();
    this.#users.clear();
  }

  #look(): void {
    this.#immediate = undefined;
    clearTimeout(this.#timer);
    const version = this.#dataVersion();
    let isNews = version !== this.#version;
    this.#version = version;
    for (const user of this.#users) {
      if (user.isInTransaction) continue;
      this.#users.delete(user);
      isNews = true;
    }
    if (isNews) this.#wakeups.wake();
    if (this.#users.size === 0) return;
    this.#delayMs = Math.min(2 * this.#delayMs + 1, MAX_DELAY_MS);
    // A transaction that is left open must not keep a program from its end.
    this.#timer = setTimeout(() => this.#look(), this.#delayMs).unref();
  }

  /** Grows with each commit of another connection, in this process or another. */
  #dataVersion(): number {
    try {
      return toNumber(this.#own.statementOf("dataVersion", "pragma data_version").get()?.[0]);
    } catch {
      // What cannot be read is news each time, for it is not even equal to itself.
      return Number.NaN;
    }
  }
}

const MAX_DELAY_MS = 20;
