import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openBroker } from "../../src/broker/connect.ts";
import { runDir } from "../support/run-dir.ts";
import { runConformance } from "./run.ts";

runConformance("sqlite", {
  async open() {
    const dir = mkdtempSync(join(runDir(), "conformance-"));
    // No case cuts the power; what a killed process wrote is with the system, whatever is synced.
    const url = `sqlite:${join(dir, "jobs.db")}?synchronous=off`;
    const broker = await openBroker(url);
    return {
      broker,
      reopen: () => openBroker(url),
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  },
});
