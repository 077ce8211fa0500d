import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { noop, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { isAlive, TestPool } from "../support/test-pool.ts";

/** How many workers lived, looked at as often as can be until `isOver`. */
async function watch(pool: TestPool, isOver: () => boolean): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  while (!isOver()) {
    seen.add((await pool.workers()).length);
    // The store answers without leaving the microtask queue: exits are told of elsewhere.
    await turn();
  }
  return seen;
}

describe("a hot swap", () => {
  it("is never short of workers, loses nothing, and hands on the pidfile", async () => {
    const config = { pidfile: "ganger.pid" };
    await using pool = await TestPool.create({ workers: { work: 2, other: 1 }, config });
    const old = pool.startManager();
    await pool.ready(3);
    const before = (await pool.workers()).map(({ pid }) => pid);
    const ids = await pool.client.enqueueMany(
      pause,
      Array.from({ length: 100 }, () => ({ ms: 60 })),
    );

    pool.startManager(["--hot-swap"]);
    const seen = await watch(pool, () => old.exitCode !== null || old.signalCode !== null);

    expect(old.exitCode).toBe(0);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(3);
    expect(before.filter(isAlive)).toEqual([]);
    expect(readFileSync(join(pool.folder, "ganger.pid"), "utf8")).toBe(`${pool.managerPid}\n`);
    await eventually("all is done", async () => (await pool.count("completed")) === ids.length);
    const jobs = await Promise.all(ids.map(async (id) => pool.client.broker.inspect?.find(id)));
    expect(jobs.some((job) => job?.crashes !== 0 || job.interruptions !== 0)).toBe(false);
    expect(await pool.workers()).toHaveLength(3);

    pool.signal("SIGTERM");
    expect(await pool.ended()).toBe(0);
    expect(existsSync(join(pool.folder, "ganger.pid"))).toBe(false);
  });

  it("has one worker too many at most in each group, if it is to be frugal", async () => {
    await using pool = await TestPool.create({ workers: { work: 3 } });
    const old = pool.startManager();
    await pool.ready(3);

    pool.startManager(["--hot-swap", "--frugal"]);
    const seen = await watch(pool, () => old.exitCode !== null);

    expect(old.exitCode).toBe(0);
    expect([Math.min(...seen), Math.max(...seen)]).toEqual([3, 4]);
  });

  it("comes to nothing when the new workers do not come up: the old pool goes on", async () => {
    await using pool = await TestPool.create({ workers: { work: 2 } });
    const old = pool.startManager();
    await pool.ready(2);
    const before = (await pool.workers()).map(({ pid }) => pid);

    pool.configure({ workers: { work: 2 }, jobs: join(pool.folder, "none.mjs") });
    pool.startManager(["--hot-swap"]);
    expect(await pool.ended()).toBe(1);

    expect(old.exitCode).toBeNull();
    expect((await pool.workers()).map(({ pid }) => pid)).toEqual(before);
    await pool.client.enqueue(noop, { n: 1 });
    await eventually("work goes on", async () => (await pool.count("completed")) === 1);
    old.kill("SIGTERM");
    await eventually("the old one ends", () => old.exitCode !== null);
  });

  it("is refused by a manager that is in the middle of one: nobody is left over", async () => {
    await using pool = await TestPool.create({ workers: { work: 1 } });
    const gate = join(pool.folder, "gate");
    const jobs = join(pool.folder, "jobs.mjs");
    const waits = `while (!existsSync(${JSON.stringify(gate)})) await setTimeout(10);`;
    const imports = `import { existsSync } from "node:fs"; import { setTimeout } from "node:timers/promises";`;
    const old = pool.startManager();
    await pool.ready(1);
    writeFileSync(jobs, `${imports} ${waits}`);
    pool.configure({ workers: { work: 1 }, jobs });
    const second = pool.startManager(["--hot-swap"]);
    await eventually("the second takes over", () => pool.log.includes("handing over"));

    pool.startManager(["--hot-swap"]);

    expect(await pool.ended()).toBe(1);
    expect(pool.log).toContain(`The manager ${second.pid} is taking over from another itself`);
    writeFileSync(gate, "");
    await eventually("the first one is gone", () => old.exitCode === 0);
    await eventually("the second has its worker", async () => (await pool.workers()).length === 1);
    second.kill("SIGTERM");
    await eventually("it ends", () => second.exitCode === 0);
  });

  it("starts as always when there is nobody to take over from", async () => {
    await using pool = await TestPool.create({ workers: { work: 1 } });
    pool.startManager(["--hot-swap"]);
    await pool.ready(1);
  });
});
