import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hold, noop, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { TestPool } from "../support/test-pool.ts";

const pidsOf = async (pool: TestPool) =>
  (await pool.members()).flatMap(({ pid, state }) =>
    pid === undefined || state === "draining" ? [] : [pid],
  );

describe("a reload", () => {
  it("touches only what has changed: counts grow and shrink, the idle go first", async () => {
    await using pool = await TestPool.start({ workers: { work: 2, other: 1 } }, 3);
    const before = await pidsOf(pool);
    const file = join(pool.folder, "held");
    await pool.client.enqueue(hold, { file });
    await eventually("the job runs", async () => (await pool.members()).some(({ jobs }) => jobs.length > 0));
    const busy = (await pool.members()).find(({ jobs }) => jobs.length > 0)?.pid;

    pool.configure({ workers: { work: 1, other: 3 } });
    pool.signal("SIGHUP");
    await eventually(
      "it is as configured",
      async () => (await pool.status()).groups.map(({ workers }) => workers.length).join() === "1,3",
    );
    await pool.ready(4);

    const status = await pool.status();
    expect(status.groups[0]?.workers.map(({ pid }) => pid)).toEqual([busy]);
    expect((await pidsOf(pool)).filter((pid) => before.includes(pid))).toHaveLength(3);
    expect(pool.log).toContain("reloaded the configuration");
  });

  it("gives a worker another queue list without restarting it", async () => {
    await using pool = await TestPool.start({ workers: { nothing: 1 } }, 1);
    const before = await pidsOf(pool);
    await pool.client.enqueue(noop, { n: 1 });

    pool.configure({ workers: { "work,*": 1 } });
    expect((await pool.run("reload")).code).toBe(0);

    await eventually("the job is done", async () => (await pool.count("completed")) === 1);
    expect(await pidsOf(pool)).toEqual(before);
    expect((await pool.workers()).map(({ queues }) => queues)).toEqual(["work,*"]);
  });

  it("says what is wrong with a configuration, and keeps the one of before", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const before = await pidsOf(pool);
    pool.configure({ workers: { work: 1 }, config: { wrokers: 1 } });

    const { code, out } = await pool.run("reload");

    expect([code, await pidsOf(pool)]).toEqual([1, before]);
    expect(out).toContain("wrokers");
    pool.configure({ workers: { work: 1 }, config: { app: "other" } });
    pool.signal("SIGHUP");
    await eventually("it refuses", () => pool.log.includes("cannot change its app"));
  });

  it("replaces workers whose options changed one by one, the new one first", async () => {
    await using pool = await TestPool.start({ workers: { work: { count: 2, concurrency: 1 } } }, 2);
    const before = await pidsOf(pool);
    const ids = await pool.client.enqueueMany(
      pause,
      Array.from({ length: 30 }, () => ({ ms: 100 })),
    );

    pool.configure({ workers: { work: { count: 2, concurrency: 3 } } });
    expect((await pool.run("reload")).code).toBe(0);

    expect((await pidsOf(pool)).some((pid) => before.includes(pid))).toBe(false);
    await eventually("all is done", async () => (await pool.count("completed")) === ids.length);
    const jobs = await Promise.all(ids.map(async (id) => pool.client.broker.inspect?.find(id)));
    expect(jobs.every((job) => job?.interruptions === 0 && job.crashes === 0)).toBe(true);
  });
});

describe("TTIN right after HUP", () => {
  it("gives one more until the next, and what came before is forgotten", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const wanted = async () => (await pool.status()).groups[0]?.wanted;
    const logged = (text: string, times: number) =>
      eventually(
        () => `${text} is logged ${times} times\n${pool.log}`,
        () => pool.log.split(text).length > times,
      );
    pool.signal("SIGTTIN");
    await logged("one worker more", 1);
    pool.signal("SIGHUP");
    await logged("reloading", 1);
    pool.signal("SIGTTIN");
    await logged("reloaded the configuration", 1);
    expect(pool.log.lastIndexOf("one worker more")).toBeGreaterThan(pool.log.indexOf("reloading"));
    expect(pool.log.lastIndexOf("one worker more")).toBeLessThan(pool.log.indexOf("reloaded the"));
    expect(await wanted()).toBe(2);

    pool.signal("SIGHUP");
    await logged("reloaded the configuration", 2);
    expect(await wanted()).toBe(1);
  });
});

describe("a rolling restart", () => {
  it("replaces every worker, and loses no job", async () => {
    await using pool = await TestPool.start({ workers: { work: 2, other: 1 } }, 3);
    const before = await pidsOf(pool);

    const { code, out } = await pool.run("restart", "--rolling");

    expect([code, out]).toEqual([0, expect.any(String)]);
    const after = await pidsOf(pool);
    expect(after).toHaveLength(3);
    expect(after.some((pid) => before.includes(pid))).toBe(false);
  });

  it("stops nobody when the new code does not load, and says why", async () => {
    await using pool = await TestPool.create({ workers: { work: 2, other: 1 } });
    const module = join(pool.folder, "jobs.mjs");
    writeFileSync(module, "export const nothing = 1;\n");
    pool.configure({ workers: { work: 2, other: 1 }, jobs: module });
    pool.startManager();
    await pool.ready(3);
    const before = await pidsOf(pool);

    writeFileSync(module, 'throw new Error("broken by a deploy");\n');
    const { code, out } = await pool.run("restart", "--rolling");

    expect(code).toBe(1);
    expect(out).toContain("broken by a deploy");
    await eventually("the old ones are alone", async () => (await pool.members()).length === 3);
    expect(await pidsOf(pool)).toEqual(before);
  });
});
