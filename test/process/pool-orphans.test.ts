import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hold, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { isAlive, kill, TestPool } from "../support/test-pool.ts";

/** Fifty in the long mode. */
const ROUNDS = process.env["GANGER_TEST_LONG"] === undefined ? 5 : 50;

describe("a manager that was killed", () => {
  it("leaves workers that the next one counts, until they have finished", async () => {
    await using pool = await TestPool.start({ workers: { work: 2 } }, 2);
    await pool.client.enqueue(pause, { ms: 8000 });
    await eventually("the job runs", async () => (await pool.count("running")) === 1);
    const before = (await pool.workers()).map(({ pid }) => pid);

    pool.signal("SIGKILL");
    await pool.ended();
    await eventually("the idle one is gone", () => before.filter(isAlive).length === 1);
    pool.startManager();
    const status = await eventually("it is up", () => pool.status().catch(() => undefined));

    expect(status.groups[0]?.orphans).toHaveLength(1);
    expect(status.groups[0]?.workers).toHaveLength(1);
    await eventually(
      "it has filled the place",
      async () => (await pool.status()).groups[0]?.workers.length === 2,
    );
    await eventually("the orphan is gone", () => !before.some(isAlive));
    expect(await pool.count("completed")).toBe(1);
  });

  it(`${ROUNDS} times under load: nothing is lost, and there are never more workers than wanted`, async () => {
    const workers = { work: { count: 3, concurrency: 2 } };
    await using pool = await TestPool.create({ workers, config: { fork: "never" } });
    const total = 2000;
    await pool.client.enqueueMany(
      pause,
      Array.from({ length: total }, () => ({ ms: 30 })),
    );
    for (let round = 0; round < ROUNDS; round++) {
      pool.startManager();
      await eventually(
        () => `somebody works\n${pool.log.slice(-2000)}`,
        async () => {
          const status = await pool.status().catch(() => undefined);
          const [group] = status?.groups ?? [];
          if (group === undefined) return false;
          expect(group.workers.length + group.orphans.length).toBeLessThanOrEqual(3);
          return group.workers.some(({ done }) => done > 0);
        },
      );
      kill(pool.managerPid);
      await pool.ended();
    }
    pool.startManager();

    await eventually(
      () => pool.report(),
      async () => (await pool.count("completed")) === total,
      60_000,
    );
    const jobs = (await pool.client.broker.inspect?.list({ state: "completed", limit: total })) ?? [];
    expect(jobs.filter(({ crashes, attempts }) => crashes > 0 || attempts > 0)).toEqual([]);
  }, 180_000);

  it("does no harm when a worker cannot be asked: a held job ends with its worker", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const file = join(pool.folder, "held");
    const id = await pool.client.enqueue(hold, { file });
    await eventually("it runs", () => existsSync(file));
    const [worker] = await pool.workers();

    kill(pool.managerPid);
    await pool.ended();
    kill(worker?.pid ?? 0);
    pool.startManager();

    await eventually(
      () => pool.report(),
      async () => (await pool.client.broker.inspect?.find(id))?.crashes === 1,
    );
  });
});
