import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, JobRegistry, Worker } from "ganger";
import { describe, expect, it } from "vitest";
import * as jobs from "../fixtures/jobs-isolation/jobs.ts";
import { eventually } from "../support/eventually.ts";
import { ALL, createFolder, isGone, lines, start } from "../support/isolated-worker.ts";

describe.each(["thread", "process"] as const)("a job that runs in a %s of its own", (isolation) => {
  it("is ended when it never lets its event loop turn again, and others are not kept waiting", async () => {
    const { client, finished } = await start(isolation, { concurrency: 2 });
    const spun = await client.enqueue(jobs.spins, null);
    const other = await client.enqueue(jobs.echo, 1);

    expect((await finished(other)).state).toBe("completed");
    expect(await finished(spun)).toMatchObject({
      state: "failed",
      attempts: 1,
      crashes: 0,
      error: { name: "TimeoutError" },
    });
  });

  it("is ended when it was cancelled and goes on after its grace", async () => {
    const { client, worker, find } = await start(isolation);
    const file = join(createFolder(), "held");
    const id = await client.enqueue(jobs.holds, { file, heed: false });
    await eventually("it holds", () => lines(file).length === 1);
    await client.broker.edit?.cancel([id]);
    await eventually("it has ended", () => worker.running === 0);

    expect((await find(id)).state).toBe("cancelled");
  });

  it("is ended or given up when it waits where it cannot be interrupted", async () => {
    const { client, worker, finished } = await start(isolation);
    const abandoned: string[] = [];
    worker.events.on("job:abandoned", ({ id }) => abandoned.push(id));
    const started = performance.now();
    const id = await client.enqueue(jobs.waitsDeep, null);

    expect(await finished(id)).toMatchObject({ state: "failed", error: { name: "TimeoutError" } });
    expect(performance.now() - started).toBeLessThan(14_000);
    expect(abandoned).toEqual(isolation === "thread" ? [id] : []);
  });

  it.each(["exit", "throw", "quiet"] as const)("crashes alone: %s", async (how) => {
    const { client, worker, finished } = await start(isolation, { concurrency: 2 });
    const crashed: string[] = [];
    worker.events.on("job:crashed", ({ detail }) => crashed.push(detail));
    const id = await client.enqueue(jobs.dies, { how });
    const job = await finished(id);

    expect(job).toMatchObject({ state: "failed", attempts: 0, crashes: 2, error: { name: "PoisonError" } });
    expect(crashed).toHaveLength(2);
    expect(crashed[0]).toMatch(
      { exit: /exit status 7/, throw: /nobody catches me|exit status 1/, quiet: /without an answer/ }[how],
    );
    expect((await finished(await client.enqueue(jobs.echo, 2))).state).toBe("completed");
  });

  it("crashes when it takes more memory than it may", { timeout: 60_000 }, async () => {
    const { client, finished } = await start({ type: isolation, memory: "150MB" });
    const job = await finished(await client.enqueue(jobs.dies, { how: "memory" }));

    expect(job).toMatchObject({ state: "failed", crashes: 2, error: { name: "PoisonError" } });
    expect(job.error?.message).toContain("beyond its memory of");
  });

  it("has what it prints in its log, to the last byte", async () => {
    const { client, finished } = await start(isolation);
    const { logs } = await finished(await client.enqueue(jobs.prints, { lines: 90 }));

    expect(logs.map(({ line }) => line).sort()).toEqual(
      ["no end of line", "to the error stream", ...Array.from({ length: 90 }, (_, n) => `line ${n}`)].sort(),
    );
  });

  it("has the last of what it prints without end in its log", async () => {
    const { client, finished } = await start(isolation);
    const { logs } = await finished(await client.enqueue(jobs.prints, { lines: 50_000 }));

    expect(logs.length).toBe(100);
    expect(logs.at(-1)?.line).toBe("no end of line");
    expect(logs.at(-2)?.line).toBe("line 49999");
  });

  it("has so many runs in one place, and then another", async () => {
    const { client, finished } = await start({ type: isolation, maxJobs: 2 }, { concurrency: 1 });
    const seen: number[] = [];
    for (let n = 0; n < 6; n++) {
      const { result } = await finished(await client.enqueue(jobs.counts, null));
      seen.push(JSON.parse(result ?? "").runs);
    }

    expect(seen.filter((runs) => runs === 1).length).toBe(3);
    expect(Math.max(...seen)).toBe(2);
  });

  it("goes back uncounted when its module cannot be loaded there", async () => {
    const modules = join(createFolder(), "broken.mjs");
    writeFileSync(modules, "throw new Error('not in here');");
    const { client, worker, reaches } = await start(isolation, { modules });
    const id = await client.enqueue(jobs.echo, 1);

    expect(await reaches(id, "scheduled")).toMatchObject({
      attempts: 0,
      crashes: 0,
      error: { message: expect.stringMatching(/could not start: .*not in here/) },
    });
    expect(worker.running).toBe(0);
  });

  it("is where its own definition says, whatever the worker's", async () => {
    const own = isolation === "thread" ? jobs.whereThread : jobs.whereProcess;
    const { client, finished } = await start("inline", {}, new JobRegistry([own] as never));
    const { pid, isMainThread } = JSON.parse((await finished(await client.enqueue(own, null))).result ?? "");

    expect([pid === process.pid, isMainThread]).toEqual([isolation === "thread", isolation === "process"]);
  });
});

describe("a job in a process of its own", () => {
  it("crashes alone when it is killed, with its last words", async () => {
    const { client, finished } = await start("process");
    const job = await finished(await client.enqueue(jobs.dies, { how: "kill" }));

    expect(job).toMatchObject({ state: "failed", crashes: 2 });
    expect(job.error?.message).toMatch(/with SIGKILL: last words before kill/);
  });

  it("crashes when it can be heard no more", async () => {
    const { client, finished } = await start("process");

    expect(await finished(await client.enqueue(jobs.dies, { how: "mute" }))).toMatchObject({
      state: "failed",
      crashes: 2,
      error: { name: "PoisonError" },
    });
  });

  it("takes with it what it has started when it is killed", async () => {
    const { client, finished } = await start("process");
    const file = join(createFolder(), "pids");
    await finished(await client.enqueue(jobs.spawns, { file }));

    expect(await isGone(Number(lines(file)[0]))).toBe(true);
  });
});

describe("a worker", () => {
  it("that knows no modules refuses jobs that are to run elsewhere", async () => {
    await using client = await connect("memory:");

    expect(() => new Worker(client.broker, ALL, { isolation: "process" })).toThrow(
      /does not know which module/,
    );
  });
});
