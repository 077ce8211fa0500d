import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hold, noop, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { isAlive, TestPool } from "../support/test-pool.ts";

/** The only worker of a pool. */
const onlyPid = (pool: TestPool) =>
  eventually(
    () => pool.report(),
    async () => {
      const [member, ...others] = await pool.members();
      const isUp = member?.state === "waiting" || member?.state === "working";
      return others.length === 0 && isUp ? member.pid : undefined;
    },
  );

const find = async (pool: TestPool, id: string) => pool.client.broker.inspect?.find(id);

/** A job that runs until it is aborted. */
async function held(pool: TestPool): Promise<string> {
  const file = join(pool.folder, `held-${Math.random()}`);
  const id = await pool.client.enqueue(hold, { file }, { attempts: 1 });
  await eventually(
    () => pool.report(),
    () => existsSync(file),
  );
  return id;
}

const replaced = (pool: TestPool, pid: number) =>
  eventually(
    () => pool.report(),
    async () => !isAlive(pid) && (await onlyPid(pool)) !== pid,
  );

describe("a signal to one worker", () => {
  it.each(["SIGQUIT", "SIGTERM"] as const)("%s lets it finish, and it is replaced", async (name) => {
    await using pool = await TestPool.start({ workers: { work: { count: 1, concurrency: 1 } } }, 1);
    const pid = await onlyPid(pool);
    const [first = "", second = ""] = await pool.client.enqueueMany(pause, [{ ms: 700 }, { ms: 1 }]);
    await eventually("it runs", async () => (await pool.count("running")) === 1);

    process.kill(pid, name);

    await replaced(pool, pid);
    expect(await find(pool, first)).toMatchObject({ state: "completed", attempts: 0, interruptions: 0 });
    await eventually(
      "the next one does the rest",
      async () => (await find(pool, second))?.state === "completed",
    );
  });

  it("SIGTERM twice aborts what it runs, at no attempt's cost", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const pid = await onlyPid(pool);
    const id = await held(pool);

    process.kill(pid, "SIGTERM");
    await eventually("it ends by further ones", () => {
      if (isAlive(pid)) process.kill(pid, "SIGTERM");
      return !isAlive(pid);
    });

    await eventually(
      () => pool.report(),
      async () => (await find(pool, id))?.interruptions === 1,
    );
    expect(await find(pool, id)).toMatchObject({ attempts: 0, crashes: 0 });
  });

  it("SIGUSR1 fails what it runs, SIGUSR2 and SIGCONT pause it, and those of a terminal do nothing", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    const pid = await onlyPid(pool);
    for (const name of ["SIGINT", "SIGHUP", "SIGWINCH", "SIGTTIN", "SIGTTOU"] as const)
      process.kill(pid, name);
    const id = await held(pool);

    process.kill(pid, "SIGUSR1");
    await eventually(
      () => pool.report(),
      async () => (await find(pool, id))?.state === "failed",
    );

    process.kill(pid, "SIGUSR2");
    await eventually("it is paused", async () => (await pool.members())[0]?.state === "paused");
    const later = await pool.client.enqueue(noop, { n: 1 });
    await expect(find(pool, later)).resolves.toMatchObject({ state: "waiting" });
    process.kill(pid, "SIGCONT");
    await eventually("it is done", async () => (await find(pool, later))?.state === "completed");
    expect(await onlyPid(pool)).toBe(pid);
  });
});

describe("signals as the configuration maps them", () => {
  it("do several things in order; who goes is the idle, then the oldest, and the dead are replaced", async () => {
    const signals = { PWR: ["more", "report"], USR2: "fewer", SIGHUP: "ignore" };
    await using pool = await TestPool.start({ workers: { work: 1 }, config: { signals } }, 1);
    const first = await onlyPid(pool);

    pool.signal("SIGPWR");
    await eventually("it reports", () => pool.log.includes(" report "));
    await eventually(
      () => pool.report(),
      () => pool.log.split("worker ready").length > 2,
    );
    expect(pool.log.indexOf("one worker more")).toBeLessThan(pool.log.indexOf(" report "));

    pool.signal("SIGHUP");
    pool.signal("SIGUSR2");
    await replaced(pool, first);
    const second = await onlyPid(pool);
    process.kill(second, "SIGKILL");
    await replaced(pool, second);

    expect(pool.log).not.toContain("reload");
    expect(pool.log).toMatch(/worker died .*signal=SIGKILL/);
  });

  it("are refused with all that is wrong, and nothing is started", async () => {
    const signals = { USR2: "restrat", KILL: "ignore" };
    await using pool = await TestPool.create({ workers: { work: 1 }, config: { signals } });
    pool.startManager();

    expect(await pool.ended()).toBe(1);
    for (const name of ["USR2", "KILL"]) {
      expect(pool.log).toMatch(new RegExp(`ganger\\.json:\\d+: signals\\.${name}: `));
    }
    expect(pool.log).not.toContain("started manager");
  });
});
