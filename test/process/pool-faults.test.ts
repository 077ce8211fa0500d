import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { babble, deaf, noop, pause, throwLater } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf, isAlive, kill, TestPool } from "../support/test-pool.ts";

describe("a job that misbehaves", () => {
  it("throws where nobody catches it: its neighbours end in peace, and the worker is replaced", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const [worker] = await pool.workers();
    const neighbour = await pool.client.enqueue(pause, { ms: 1500 });
    await eventually("the neighbour runs", async () => (await pool.count("running")) === 1);
    await pool.client.enqueue(throwLater, undefined);

    await eventually("another worker has taken over", async () => {
      const workers = await pool.workers();
      return workers.length === 1 && workers[0]?.holder !== worker?.holder;
    });

    expect(await pool.client.broker.inspect?.find(neighbour)).toMatchObject({
      state: "completed",
      crashes: 0,
      attempts: 0,
    });
    expect(pool.log).toContain("nobody caught this");
  });

  it("goes on after its time: it is failed, and what is left of it ends with its worker", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const [worker] = await pool.workers();
    const id = await pool.client.enqueue(deaf, null);

    await eventually("the worker is gone", () => !isAlive(worker?.pid ?? 0));

    await pool.ready(1);
    expect(await pool.client.broker.inspect?.find(id)).toMatchObject({
      state: "failed",
      attempts: 1,
      crashes: 0,
      error: { name: "TimeoutError" },
    });
  });

  it("logs what is no text, and holds nobody up", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const id = await pool.client.enqueue(babble, null);
    await pool.client.enqueueMany(noop, [{ n: 1 }, { n: 2 }]);

    await eventually("all are done", async () => (await pool.count("completed")) === 3);

    const job = await pool.client.broker.inspect?.find(id);
    expect(job?.logs.map(({ line }) => line)).toEqual(['{"a":1}', "undefined", "bigint", "text"]);
  });
});

describe("a manager", () => {
  it("ends when it is told to while its coordinator is about to be started again", async () => {
    await using pool = await TestPool.create({ workers: { work: 0 } });
    pool.startManager();
    for (let deaths = 1; deaths <= 6; deaths++) {
      kill(await pool.coordinator());
      await eventually(
        () => pool.report(),
        () => pool.log.split("coordinator died").length > deaths,
      );
    }

    pool.signal("SIGTERM");

    expect(await pool.ended()).toBe(0);
    expect(pool.log).toContain("stopped manager");
  });

  it("ends soon when a worker is still loading, however long that would take", async () => {
    await using pool = await TestPool.create({ workers: { work: 1 }, jobs: slowModule() });
    pool.startManager();
    await eventually("a worker is started", () => childrenOf(pool.managerPid).length === 2);
    await pool.coordinator();
    const children = childrenOf(pool.managerPid);

    pool.signal("SIGTERM");

    expect(await pool.ended(10_000)).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
  });
});

function slowModule(): string {
  const folder = join(process.env["GANGER_TEST_RUN_DIR"] ?? "", `slow-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "slow.mjs");
  writeFileSync(file, "await new Promise((resolve) => setTimeout(resolve, 600_000));\n");
  return file;
}
