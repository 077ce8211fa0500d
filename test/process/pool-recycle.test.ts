import type { JobRecord } from "ganger";
import { describe, expect, it } from "vitest";
import { noop, pause } from "../fixtures/jobs/all.ts";
import { gorge, leak } from "../fixtures/jobs-leak/leak.ts";
import { builtJobs } from "../support/built-jobs.ts";
import { eventually } from "../support/eventually.ts";
import { isAlive, TestPool } from "../support/test-pool.ts";

const LEAKING = builtJobs("jobs-leak");

const find = (pool: TestPool, ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => pool.client.broker.inspect?.find(id)));

const isUnharmed = (job: JobRecord | undefined) =>
  job?.state === "completed" && job.interruptions === 0 && job.crashes === 0;

describe("a worker", () => {
  it("is replaced after maxJobs, and every job completes undisturbed", async () => {
    await using pool = await TestPool.start({ workers: { work: { maxJobs: 20, concurrency: 2 } } }, 1);
    const seen = new Set((await pool.workers()).map(({ pid }) => pid));
    const ids = await pool.client.enqueueMany(
      pause,
      Array.from({ length: 60 }, () => ({ ms: 40 })),
    );

    await eventually(
      () => pool.report(),
      async () => {
        for (const { pid } of await pool.workers()) seen.add(pid);
        return (await pool.count("completed")) === ids.length;
      },
    );

    expect((await find(pool, ids)).every(isUnharmed)).toBe(true);
    await eventually("another takes its place", async () => {
      for (const { pid } of await pool.workers()) seen.add(pid);
      return seen.size > 1;
    });
    expect(pool.log).toContain("worker is to be replaced");
    expect((await pool.status()).events.map(({ text }) => text).join("\n")).toMatch(/it has run \d+ jobs/);
  });

  it("is replaced at maxAge, also when it has nothing to do", async () => {
    await using pool = await TestPool.start({ workers: { work: { maxAge: "1s" } } }, 1);
    const [first] = await pool.workers();

    await eventually("the first one is gone", () => !isAlive(first?.pid ?? 0));

    await pool.ready(1);
    await pool.client.enqueue(noop, { n: 1 });
    await eventually("its successor works", async () => (await pool.count("completed")) === 1);
    expect(
      (await pool.client.broker.inspect?.list({ state: "completed", limit: 1 }))?.every(isUnharmed),
    ).toBe(true);
  });

  it("leaks: it is drained and replaced in time, and no job of 2,000 is interrupted", async () => {
    const workers = { work: { count: 1, memory: "150MB" } };
    await using pool = await TestPool.start({ workers, jobs: LEAKING }, 1);
    const seen = new Set<number>();
    const ids = await pool.client.enqueueMany(
      leak,
      Array.from({ length: 2000 }, () => undefined),
    );

    await eventually(
      () => pool.report(),
      async () => {
        for (const { pid } of await pool.workers()) seen.add(pid);
        return (await pool.count("completed")) === ids.length;
      },
      50_000,
    );

    const jobs = await find(pool, ids);
    expect(jobs.filter((job) => !isUnharmed(job))).toEqual([]);
    expect(seen.size).toBeGreaterThan(1);
    expect(pool.log).toMatch(/it has grown to \d+ MB/);
  });

  it("is ended beyond its hard limit: that is a crash, and poison after the third", async () => {
    const workers = { work: { count: 1, memory: "150MB", memoryHard: "300MB" } };
    await using pool = await TestPool.start({ workers, jobs: LEAKING }, 1);
    const id = await pool.client.enqueue(gorge, { mb: 400 });

    await eventually(
      () => pool.report(),
      async () => (await pool.count("failed")) === 1,
      30_000,
    );

    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({
      crashes: 3,
      attempts: 0,
      error: { name: "PoisonError" },
    });
    expect(pool.log).toContain("killed a worker beyond its memory");
    await pool.ready(1);
    await pool.client.enqueue(leak, undefined);
    await eventually("the next one works", async () => (await pool.count("completed")) === 1);
  });
});
