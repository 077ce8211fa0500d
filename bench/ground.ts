import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Defer } from "./scope.ts";

/** Where the subjects of a suite keep their jobs. */
export interface Ground {
  /** Starts what it needs, and resolves with what a reader must know of it: version and settings. */
  start(defer: Defer): Promise<string | undefined>;
  /** The address of an empty store, which goes at the end of the scope. */
  open(defer: Defer): Promise<string>;
  /** Finishes what filling left to be done: it is not the workers' work. */
  rest(address: string): Promise<void>;
}

/** A database file in a folder of its own. */
export const files: Ground = {
  start: async () => undefined,
  async open(defer) {
    const folder = mkdtempSync(join(tmpdir(), "ganger-bench-"));
    const remove = () => rmSync(folder, { recursive: true, force: true });
    // Whoever stops a benchmark in the middle must not find its files next year.
    process.once("exit", remove);
    defer(() => {
      process.off("exit", remove);
      remove();
    });
    return join(folder, "bench.db");
  },
  async rest(address) {
    const database = new Database(address);
    database.pragma("wal_checkpoint(truncate)");
    database.close();
  },
};
