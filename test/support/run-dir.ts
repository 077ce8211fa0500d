import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endServer, type StartedServer } from "./servers/server.ts";

const VARIABLE = "GANGER_TEST_RUN_DIR";

/** Gives the run one directory for the servers that its tests start, and ends these with it. */
export function setup(): (() => Promise<void>) | undefined {
  if (process.env[VARIABLE] !== undefined) return undefined;
  const dir = mkdtempSync(join(tmpdir(), "ganger-test-"));
  chmodSync(dir, 0o755); // a server may run as a user of its own
  process.env[VARIABLE] = dir;
  return async () => {
    delete process.env[VARIABLE];
    const records = readdirSync(dir).filter((file) => file.endsWith(".json"));
    await Promise.all(records.map((file) => endServer(readRecord(join(dir, file)))));
    rmSync(dir, { recursive: true, force: true });
  };
}

export function runDir(): string {
  const dir = process.env[VARIABLE];
  if (dir === undefined) throw new Error(`${VARIABLE} is not set: vitest sets it in test/support/run-dir.ts`);
  return dir;
}

export function readRecord(file: string): StartedServer {
  const { url, pids }: StartedServer = JSON.parse(readFileSync(file, "utf8"));
  return { url, pids };
}
