import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { connect, type JobDetails } from "ganger";
import { crash, leak, sum } from "./jobs/hostile.ts";

/**
 * Runs good jobs beside one that crashes and one that leaks, all in one worker, and prints
 * what became of each. Exit status: 0 when only those two failed, and 1 otherwise.
 */

const folder = mkdtempSync(join(tmpdir(), "ganger-isolation-"));
const broker = `sqlite:${join(folder, "ganger.db")}`;
const client = await connect(broker);
const bad = [await client.enqueue(crash, null), await client.enqueue(leak, null)];
const good = await client.enqueueMany(
  sum,
  Array.from({ length: 8 }, (_, n) => ({ upTo: n * 1000 })),
);

const cli = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));
const config = fileURLToPath(new URL("ganger.yml", import.meta.url));
const pool = spawn(process.execPath, [cli, "start", "-c", config], {
  env: { ...process.env, BROKER: broker },
  stdio: ["ignore", "inherit", "inherit"],
});
const ended = new Promise<number | null>((resolve) => pool.once("exit", resolve));
try {
  const all = await Promise.all([...bad, ...good].map(finished));
  for (const { name, state, crashes, result, error } of all)
    console.log(`${name}: ${state}, ${crashes} crashes, ${error?.message ?? result ?? ""}`);
  const failed = all.filter(({ state }) => state === "failed").map(({ name }) => name);
  process.exitCode = failed.join() === "crash,leak" ? 0 : 1;
} finally {
  pool.kill("SIGTERM");
  await ended;
  await client[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}

async function finished(id: string): Promise<JobDetails> {
  for (;;) {
    const job = await client.broker.inspect?.find(id);
    if (job !== undefined && ["completed", "failed", "cancelled"].includes(job.state)) return job;
    if (pool.exitCode !== null) throw new Error("The pool ended before its work was done");
    await delay(50);
  }
}
