import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { block, die, fail, hold, noop, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { isAlive, kill, TestPool } from "../support/test-pool.ts";

describe("a pool that is told to end", () => {
  it("lets running jobs finish at the first signal, and gives back what has not started", async () => {
    await using pool = await TestPool.start({ workers: { work: { count: 1, concurrency: 1 } } }, 1);
    const [first = ""] = await pool.client.enqueueMany(pause, [{ ms: 1000 }, { ms: 1000 }]);
    await eventually("the first job runs", async () => (await pool.count("running")) === 1);

    pool.signal("SIGTERM");

    expect(await pool.ended()).toBe(0);
    expect(await pool.client.broker.inspect?.find(first)).toMatchObject({ state: "completed" });
    const [left] = (await pool.client.broker.inspect?.list({ state: "waiting", limit: 2 })) ?? [];
    expect(left).toMatchObject({ attempts: 0, interruptions: 0, crashes: 0 });
    expect(await pool.workers()).toEqual([]);
  });

  it("ends at once at the second signal, at no attempt's cost", async () => {
    await using pool = await TestPool.start({ workers: { work: 2 } }, 2);
    const file = join(pool.folder, "held");
    const id = await pool.client.enqueue(hold, { file });
    await eventually("the job runs", () => existsSync(file));
    const pids = (await pool.workers()).map(({ pid }) => pid);

    pool.signal("SIGTERM");
    await eventually("the pool drains", () => pool.log.includes("draining"));
    // Signals that come together are one wish: only a later one is the second.
    await eventually("a second signal ends it", () => {
      pool.signal("SIGINT");
      return pool.log.includes("ending at once");
    });

    expect(await pool.ended()).toBe(3);
    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({
      state: "waiting",
      attempts: 0,
      interruptions: 1,
      crashes: 0,
    });
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("takes two signals of one Ctrl-C for one", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const id = await pool.client.enqueue(pause, { ms: 600 });
    await eventually("the job runs", async () => (await pool.count("running")) === 1);

    pool.signal("SIGINT");
    pool.signal("SIGINT");

    expect(await pool.ended()).toBe(0);
    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({ state: "completed" });
  });

  it("aborts jobs that outlast the stop time, and gives them back as interrupted", async () => {
    await using pool = await TestPool.start({ workers: { work: { count: 1, stop: "200ms" } } }, 1);
    const file = join(pool.folder, "held");
    const id = await pool.client.enqueue(hold, { file });
    await eventually("the job runs", () => existsSync(file));

    pool.signal("SIGTERM");

    expect(await pool.ended()).toBe(0);
    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({
      state: "waiting",
      attempts: 0,
      interruptions: 1,
    });
  });
});

describe("a pool whose processes die", () => {
  it("counts a crash for what ran, nothing for what waited, and goes on", async () => {
    await using pool = await TestPool.start({ workers: { work: { count: 1, concurrency: 2 } } }, 1);
    const file = join(pool.folder, "held");
    await pool.client.enqueueMany(
      noop,
      Array.from({ length: 500 }, (_, n) => ({ n })),
    );
    await eventually("the worker knows short jobs", async () => (await pool.count("completed")) === 500);
    const ids = await pool.client.enqueueMany(
      hold,
      Array.from({ length: 20 }, () => ({ file })),
    );
    await eventually("two jobs run", () => existsSync(file) && lines(file).length === 2);
    const [worker] = await pool.workers();

    kill(worker?.pid ?? 0);

    await eventually("two other jobs run", () => lines(file).length >= 4);
    const crashes = await Promise.all(
      ids.map(async (id) => (await pool.client.broker.inspect?.find(id))?.crashes ?? 0),
    );
    expect(crashes.reduce((sum, n) => sum + n, 0)).toBe(2);
  });

  it("quarantines a job that ends every process it runs in", async () => {
    await using pool = await TestPool.start({ workers: { work: 2 } }, 2);
    const id = await pool.client.enqueue(die, undefined);
    const others = await pool.client.enqueueMany(noop, [{ n: 1 }, { n: 2 }]);

    await eventually(
      () => pool.report(),
      async () => (await pool.count("failed")) === 1,
    );

    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({
      crashes: 3,
      attempts: 0,
      error: { name: "PoisonError", message: expect.stringContaining("SIGKILL") },
    });
    await eventually("the others are done", async () => (await pool.count("completed")) === others.length);
  });

  it("leaves no process behind when the manager is killed, and loses no job", async () => {
    await using pool = await TestPool.start({ workers: { work: 2 } }, 2);
    const id = await pool.client.enqueue(pause, { ms: 1000 });
    await eventually("the job runs", async () => (await pool.count("running")) === 1);
    const pids = [...(await pool.workers()).map(({ pid }) => pid), await pool.coordinator()];

    pool.signal("SIGKILL");

    await eventually("all are gone", () => !pids.some(isAlive));
    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({ state: "completed", crashes: 0 });
    expect(await pool.workers()).toEqual([]);
  });

  it("keeps claims while the coordinator is dead and a job blocks its event loop", async () => {
    const heartbeat = { every: "200ms", ttl: "600ms" };
    await using pool = await TestPool.start({ workers: { work: 2 }, heartbeat }, 2);
    const id = await pool.client.enqueue(block, { ms: 2000 });
    await eventually("the job runs", async () => (await pool.count("running")) === 1);

    kill(await pool.coordinator());

    await eventually("it is done", async () => (await pool.count("completed")) === 1);
    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({
      crashes: 0,
      attempts: 0,
      interruptions: 0,
    });
  });

  it("retries what fails and says so", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const id = await pool.client.enqueue(fail, undefined);

    await eventually("it is failed", async () => (await pool.count("failed")) === 1);

    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({
      attempts: 2,
      error: { message: "as it should" },
      history: [{ event: "retried" }, { event: "failed" }],
    });
    await eventually("the log says so", () => pool.log.includes("job failed"));
  });
});

function lines(file: string): readonly string[] {
  return readFileSync(file, "utf8").trim().split("\n");
}
