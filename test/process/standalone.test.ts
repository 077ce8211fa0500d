import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Client, connect } from "ganger";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ledgerDirectory, readLedger } from "../../src/ipc/ledger.ts";
import { block, noop } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";

const PROGRAM = new URL("../fixtures/standalone.ts", import.meta.url).pathname;
const REGISTER = new URL("../../dist/worker/modules/register.js", import.meta.url).href;

let folder: string;
let url: string;
let client: Client;
const programs: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ganger-own-"));
  url = `sqlite:${join(folder, "ganger.db")}`;
  client = await connect(url);
});

afterEach(async () => {
  for (const program of programs.splice(0)) {
    if (program.exitCode !== null || program.signalCode !== null) continue;
    program.kill("SIGKILL");
    await once(program, "exit");
  }
  await client[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function start(ttl: string): Promise<ChildProcess> {
  const program = spawn(process.execPath, ["--import", REGISTER, PROGRAM, url, ttl], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  programs.push(program);
  await once(program.stdout, "data");
  return program;
}

describe("a worker in a process of one's own", () => {
  it("keeps its claim while a job blocks the event loop for three times the time to live", async () => {
    await start("400ms");
    const id = await client.enqueue(block, { ms: 1200 });
    await eventually("it runs", async () => (await client.broker.inspect?.find(id))?.state === "running");
    // Another worker, whose keeper would rescue the job if it could.
    await start("400ms");

    const job = await eventually("it is done", async () => {
      const found = await client.broker.inspect?.find(id);
      return found?.state === "completed" && found;
    });

    expect(job).toMatchObject({ attempts: 0, interruptions: 0, crashes: 0 });
  });

  it("has its jobs given to others by a neighbour when it is killed, long before its time to live ends", async () => {
    const victim = await start("3000ms");
    const id = await client.enqueue(block, { ms: 300_000 });
    const job = await eventually("it has begun", async () => {
      const found = await client.broker.inspect?.find(id);
      // One that was claimed, and had not begun when its worker died, counts no crash.
      return readLedger(ledgerDirectory(), found?.holder ?? "")?.includes(id) === true && found;
    });
    victim.kill("SIGKILL");
    await client.broker.edit?.tag([id], { add: ["left"] });

    await start("3000ms");

    await eventually("it runs elsewhere", async () => {
      const found = await client.broker.inspect?.find(id);
      return found?.crashes === 1 && found.holder !== job?.holder;
    });
    await client.broker.edit?.cancel([id]);
  });

  it("drains when it is asked to, and leaves nothing held", async () => {
    const program = await start("3000ms");
    await client.enqueueMany(
      noop,
      Array.from({ length: 2000 }, (_, n) => ({ n })),
    );
    program.stdin?.end();
    await once(program, "exit");

    expect(program.exitCode).toBe(0);
    expect(await client.broker.inspect?.holders()).toEqual([]);
    const [queue] = (await client.broker.inspect?.queues()) ?? [];
    expect((queue?.counts.waiting ?? 0) + (queue?.counts.completed ?? 0)).toBe(2000);
  });
});
