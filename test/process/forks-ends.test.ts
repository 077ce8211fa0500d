import { describe, expect, it } from "vitest";
import { crunches, traces, tracesApart } from "../fixtures/jobs-forks/jobs.mjs";
import { eventually } from "../support/eventually.ts";
import { ForkPool } from "../support/fork-pool.ts";
import { isAlive, kill } from "../support/test-pool.ts";

const WORKERS = { workers: { work: { count: 2, concurrency: 2 } } };

/** A pool in which two jobs run, one of them in a process of its own. */
async function busy(ms: number) {
  const forks = await ForkPool.start(WORKERS, 2);
  const payload = { file: forks.file("trace"), ms };
  const ids = [
    await forks.pool.client.enqueue(traces, payload),
    await forks.pool.client.enqueue(tracesApart, payload),
  ];
  await forks.wrote("trace", 2);
  return { forks, ids };
}

async function nothingIsLeft(forks: ForkPool): Promise<void> {
  await forks.isGone();
  expect(forks.files()).toEqual([]);
}

describe("the end of a pool that forks", () => {
  it.each(["SIGQUIT", "SIGTERM", "SIGINT"] as const)("lets jobs finish at the first %s", async (signal) => {
    const { forks, ids } = await busy(1000);
    await using _pool = forks;

    forks.pool.signal(signal);

    expect(await forks.pool.ended()).toBe(0);
    for (const id of ids) expect((await forks.finished(id)).state).toBe("completed");
    await nothingIsLeft(forks);
  });

  it("aborts jobs at the second signal", async () => {
    const { forks, ids } = await busy(600_000);
    await using _pool = forks;
    forks.pool.signal("SIGTERM");
    await eventually("the pool drains", () => forks.pool.log.includes("draining"));
    await eventually("a second signal aborts", () => {
      forks.pool.signal("SIGINT");
      return forks.pool.log.includes("ending at once");
    });

    expect(await forks.pool.ended()).toBe(3);
    for (const id of ids)
      expect(await forks.reaches(id, "waiting")).toMatchObject({ interruptions: 1, crashes: 0, attempts: 0 });
    await nothingIsLeft(forks);
  });

  it("kills what takes no notice at the third signal", async () => {
    await using forks = await ForkPool.start({ workers: { work: { count: 1, grace: "60s" } } }, 1);
    await forks.pool.client.enqueue(crunches, { file: forks.file("trace"), ms: 600_000 });
    await forks.wrote("trace");
    forks.pool.signal("SIGTERM");
    await eventually("it drains, aborts, and kills", () => {
      forks.pool.signal("SIGINT");
      return forks.pool.log.includes("killing all workers");
    });

    expect(await forks.pool.ended()).toBe(3);
    await nothingIsLeft(forks);
  });

  it("comes at once while the application is still being loaded", async () => {
    await using forks = await ForkPool.create(WORKERS);
    forks.pool.startManager();
    await eventually("it loads", async () => (await forks.pool.status().catch(() => undefined))?.forks?.pid);

    forks.pool.signal("SIGTERM");

    expect(await forks.pool.ended()).toBe(0);
    await nothingIsLeft(forks);
  });

  it("leaves workers to finish that were told to stay, and their server until then", async () => {
    const { forks, ids } = await busy(3000);
    await using _pool = forks;
    forks.pool.configure({ ...WORKERS, config: { signals: { USR1: "graceful" } } });
    expect((await forks.pool.run("reload")).code).toBe(0);

    forks.pool.signal("SIGUSR1");

    expect(await forks.pool.ended()).toBe(0);
    for (const id of ids) expect((await forks.finished(id)).state).toBe("completed");
    await nothingIsLeft(forks);
  });
});

describe("a killed manager", () => {
  it("leaves workers that finish and go, then the server; the next one sweeps", async () => {
    const { forks, ids } = await busy(4000);
    await using _pool = forks;
    const server = await forks.server();

    kill(forks.pool.managerPid);
    await forks.pool.ended();
    forks.pool.startManager();

    const status = await eventually("it is up", () => forks.pool.status().catch(() => undefined));
    expect(status.groups[0]?.orphans.length).toBeGreaterThan(0);
    for (const id of ids) expect(await forks.finished(id)).toMatchObject({ state: "completed", crashes: 0 });
    await eventually("the old server is gone", () => !isAlive(server));
    expect(await forks.server()).not.toBe(server);
    forks.pool.signal("SIGTERM");
    expect(await forks.pool.ended()).toBe(0);
    await nothingIsLeft(forks);
  });
});
