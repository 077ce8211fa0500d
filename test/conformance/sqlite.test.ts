import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openBroker } from "../../src/broker/connect.ts";
import { runDir } from "../support/run-dir.ts";
import { beginSqlite } from "../support/sqlite-transaction.ts";
import { runConformance } from "./run.ts";

runConformance("sqlite", {
  async open() {
    const dir = mkdtempSync(join(runDir(), "conformance-"));
    // No case cuts the power; what a killed process wrote is with the system, whatever is synced.
    const file = join(dir, "jobs.db");
    const url = `sqlite:${file}?synchronous=off`;
    const broker = await openBroker(url);
    return {
      broker,
      reopen: () => openBroker(url),
      begin: () => beginSqlite(file),
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  },
});
