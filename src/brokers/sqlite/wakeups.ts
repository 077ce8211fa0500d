import { closeSync, type FSWatcher, openSync, watch, writeSync } from "node:fs";
import type { Wakeups } from "../../broker/wakeups.ts";

/**
 * Wakes the processes of this host through a file beside the database: who has
 * news writes one byte, the others watch. Watching the database's own files is
 * late at times, for they are written through shared memory.
 */
export class SqliteWakeups implements Wakeups {
  readonly #file: string;
  readonly #watchers = new Set<FSWatcher>();
  readonly #pollers = new Set<NodeJS.Timeout>();
  #descriptor: number | undefined;

  constructor(database: string) {
    this.#file = `${database}-wake`;
  }

  /** Wakes everybody. Failing to is no reason to fail the call that had the news: idle workers poll as well. */
  wake(): void {
    try {
      this.#descriptor ??= openSync(this.#file, "r+");
      writeSync(this.#descriptor, "!", 0);
    } catch {
      this.#descriptor = undefined;
    }
  }

  async subscribe(wake: () => void): Promise<AsyncDisposable> {
    try {
      return this.#watch(wake);
    } catch {
      // No watch to be had, as when the user's inotify limit is reached.
      return this.#poll(wake);
    }
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    for (const poller of this.#pollers) clearInterval(poller);
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #watch(wake: () => void): AsyncDisposable {
    closeSync(openSync(this.#file, "a"));
    // What it is called with is no queue.
    const watcher = watch(this.#file, () => wake());
    let substitute: AsyncDisposable | undefined;
    watcher.on("error", () => {
      watcher.close();
      substitute ??= this.#poll(wake);
    });
    this.#watchers.add(watcher);
    return {
      [Symbol.asyncDispose]: async () => {
        watcher.close();
        this.#watchers.delete(watcher);
        await substitute?.[Symbol.asyncDispose]();
      },
    };
  }

  #poll(wake: () => void): AsyncDisposable {
    const poller = setInterval(wake, POLL_MS);
    this.#pollers.add(poller);
    return {
      [Symbol.asyncDispose]: async () => {
        clearInterval(poller);
        this.#pollers.delete(poller);
      },
    };
  }
}

const POLL_MS = 5;
