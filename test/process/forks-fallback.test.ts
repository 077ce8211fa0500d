import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { apart, here } from "../fixtures/jobs-forks/jobs.mjs";
import { eventually } from "../support/eventually.ts";
import { FORK_JOBS, ForkPool } from "../support/fork-pool.ts";

const FALLBACK = "workers and jobs are new processes, not forks";

/** A pool whose application does something odd when it is loaded. */
async function load(code: string, config: Readonly<Record<string, unknown>> = {}): Promise<ForkPool> {
  const forks = await ForkPool.create({ workers: { work: 1 } });
  writeFileSync(forks.file("odd.mjs"), code);
  forks.pool.configure({
    workers: { work: 1 },
    jobs: FORK_JOBS,
    config: { preload: [forks.file("odd.mjs")], ...config },
  });
  forks.pool.startManager();
  return forks;
}

describe("an application that cannot be forked", () => {
  it.each([
    ["a timer", "setInterval(() => undefined, 1000);", /Timeout/],
    ["a socket", `import { createServer } from "node:net"; createServer().listen(0);`, /tcp/],
    [
      "a file",
      `import { openSync } from "node:fs"; globalThis.f = openSync(process.execPath);`,
      /file .*node/,
    ],
    [
      "a worker thread",
      `import { Worker } from "node:worker_threads"; new Worker("setInterval(() => {}, 1000)", { eval: true });`,
      /worker thread/,
    ],
  ])("is named by what it leaves open, once, and works all the same: %s", async (_, code, reason) => {
    await using forks = await load(code);
    await forks.pool.ready(1);
    const { client } = forks.pool;
    const worker = await forks.result<{ ppid: number }>(await client.enqueue(here, null));
    const job = await forks.result<{ ppid: number }>(await client.enqueue(apart, null));

    expect(worker.ppid).toBe(forks.pool.managerPid);
    expect(job.ppid).toBe(await forks.worker());
    const said = forks.pool.log.split("\n").filter((line) => line.includes(FALLBACK));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(reason);
    expect(said[0]).toContain("beforeFork");
    expect((await forks.pool.status()).forks?.state).toBe("unavailable");
  });

  it.skipIf(Reflect.has(process.features, "typescript"))("is named by the TypeScript in it", async () => {
    const forks = await ForkPool.create({ workers: { work: 1 } });
    await using _pool = forks;
    writeFileSync(forks.file("odd.ts"), "export const odd: number = 1;");
    forks.pool.configure({ workers: { work: 1 }, jobs: [FORK_JOBS, forks.file("odd.ts")] });
    forks.pool.startManager();

    await forks.pool.ready(1);
    await eventually(
      () => forks.pool.log,
      () => forks.pool.log.includes("a thread compiles its TypeScript"),
    );
    const { ppid } = await forks.result<{ ppid: number }>(await forks.pool.client.enqueue(here, null));
    expect(ppid).toBe(forks.pool.managerPid);
  });

  it("is forked when its hook beforeFork closes that", async () => {
    const forks = await ForkPool.create({ workers: { work: 1 } });
    await using _pool = forks;
    writeFileSync(forks.file("odd.mjs"), "globalThis.timer = setInterval(() => undefined, 1000);");
    writeFileSync(
      forks.file("hooks.mjs"),
      "export const beforeFork = () => clearInterval(globalThis.timer);",
    );
    const config = { preload: [forks.file("odd.mjs")], hooks: forks.file("hooks.mjs") };
    forks.pool.configure({ workers: { work: 1 }, jobs: FORK_JOBS, config });
    forks.pool.startManager();

    const { ppid } = await forks.result<{ ppid: number }>(await forks.pool.client.enqueue(here, null));
    expect(ppid).toBe(await forks.server());
  });

  it("is named by the path of its socket when that is too long, and nothing is left at a shorter one", async () => {
    const base = mkdtempSync(join(tmpdir(), "ganger-deep-"));
    onTestFinished(() => rmSync(base, { recursive: true, force: true }));
    const folder = join(base, "d".repeat(99 - base.length));
    mkdirSync(folder);
    await using forks = await ForkPool.create({ workers: { work: 1 }, env: { TMPDIR: folder } });
    forks.pool.startManager();
    await forks.pool.ready(1);

    const { ppid } = await forks.result<{ ppid: number }>(await forks.pool.client.enqueue(here, null));
    expect(ppid).toBe(forks.pool.managerPid);
    expect(forks.pool.log).toMatch(/not forks reason="the path of its socket has \d+ bytes, .* TMPDIR/);
    expect(readdirSync(folder)).toEqual([`ganger-${userInfo().uid}`]);
  });

  it("is not forked when it is not wanted", async () => {
    await using forks = await load("", { fork: "never" });
    await forks.pool.ready(1);

    const { ppid } = await forks.result<{ ppid: number }>(await forks.pool.client.enqueue(here, null));
    expect(ppid).toBe(forks.pool.managerPid);
    expect((await forks.pool.status()).forks).toBeUndefined();
    expect(forks.pool.log).not.toMatch(/new processes|forked from it|fork server/);
  });
});

describe("an application that does not load", () => {
  it.each([
    ["throws", `throw new Error("no such luck");`, "no such luck"],
    ["exits", "process.exit(7);", "exit status 7"],
  ])("ends the start of the pool, and says why: it %s", async (_, code, reason) => {
    await using forks = await load("");
    await forks.pool.ready(1);
    forks.pool.signal("SIGTERM");
    await forks.pool.ended();
    writeFileSync(forks.file("odd.mjs"), code);
    forks.pool.configure({ workers: { work: 1 }, jobs: [FORK_JOBS, forks.file("odd.mjs")] });
    forks.pool.startManager();

    await eventually(
      () => forks.pool.log,
      () => forks.pool.log.includes(reason) && forks.pool.log.includes("odd.mjs"),
    );
  });

  it("is given up after the time that a start has, and named", async () => {
    const forks = await ForkPool.create({ workers: { work: 1 } });
    await using _pool = forks;
    writeFileSync(forks.file("odd.mjs"), "for (;;);");
    forks.pool.configure({
      workers: { work: 1 },
      jobs: [FORK_JOBS, forks.file("odd.mjs")],
      config: { boot: "3s" },
    });
    forks.pool.startManager();

    await eventually(
      () => forks.pool.log,
      () =>
        /the fork server ended reason="it was killed, as it was not ready in time while it loaded .*odd.mjs/.test(
          forks.pool.log,
        ),
    );
    await eventually(
      async () => JSON.stringify(await forks.pool.status()),
      async () => (await forks.pool.status()).groups[0]?.failing?.reason.includes("odd.mjs"),
    );
    forks.pool.signal("SIGTERM");
    await forks.pool.ended();
    await forks.isGone();
  });
});
