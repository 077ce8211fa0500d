import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hold } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { TestPool } from "../support/test-pool.ts";

const wanted = async (pool: TestPool) => (await pool.status()).groups.map((group) => group.wanted);

async function logged(pool: TestPool, text: string, times = 1): Promise<void> {
  await eventually(
    () => `it logs ${text}\n${pool.log}`,
    () => pool.log.split(text).length > times,
  );
}

const waiting = (pool: TestPool, count: number) =>
  eventually(
    async () => `${count} are waiting: ${JSON.stringify(await pool.members())}\n${pool.log}`,
    async () => {
      const members = await pool.members();
      return members.length === count && members.every(({ state }) => state === "waiting");
    },
  );

describe("a reload that comes to nothing", () => {
  it("leaves a pool empty that was emptied, until one that is taken up", async () => {
    await using pool = await TestPool.start({ workers: { work: 2 } }, 2);
    pool.signal("SIGWINCH");
    await eventually("it is empty", async () => (await pool.members()).length === 0);
    pool.configure({ workers: { work: 2 }, config: { wrokers: 1 } });
    expect((await pool.run("reload")).code).toBe(1);
    expect([(await pool.status()).state, await wanted(pool)]).toEqual(["empty", [0]]);

    pool.configure({ workers: { work: 1 } });
    expect((await pool.run("reload")).code).toBe(0);
    await waiting(pool, 1);
  });

  it("keeps the counts of before, and what was said while new workers were on trial", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    pool.signal("SIGTTIN");
    await waiting(pool, 2);
    const [module, go] = [join(pool.folder, "late.mjs"), join(pool.folder, "go")];
    writeFileSync(
      module,
      `import { existsSync } from "node:fs";
      import { setTimeout as delay } from "node:timers/promises";
      while (!existsSync(${JSON.stringify(go)})) await delay(5);
      throw new Error("too late");`,
    );
    pool.configure({ workers: { work: 1 }, jobs: module });
    pool.signal("SIGHUP");
    await eventually("one is on trial", async () =>
      (await pool.members()).some(({ state, isReplaced }) => state === "starting" && isReplaced),
    );
    pool.signal("SIGTTIN");
    await logged(pool, "one worker more in the first group", 2);
    writeFileSync(go, "");

    await logged(pool, "the one of before stays in force");
    expect(await wanted(pool)).toEqual([3]);
    await waiting(pool, 3);
  });

  it("is one of a pool that ends, and so with a restart", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    await pool.client.enqueue(hold, { file: join(pool.folder, "held") });
    await eventually("it runs", () => existsSync(join(pool.folder, "held")));
    pool.signal("SIGTERM");
    await logged(pool, "draining");

    const refused = { code: 1, out: expect.stringContaining("GANGER_RELOAD_REFUSED") };
    expect(await pool.run("reload")).toEqual(refused);
    expect(await pool.run("restart", "--rolling")).toEqual(refused);
  });

  it("is one that changes the pidfile, by which the pool is known; another lock waits", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    pool.configure({ workers: { work: 2 }, config: { pidfile: "other.pid" } });
    pool.signal("SIGHUP");
    await logged(pool, "A running pool cannot change its pidfile");
    expect(await wanted(pool)).toEqual([1]);

    pool.configure({ workers: { work: 2 }, config: { lock: "other.lock" } });
    expect((await pool.run("reload")).code).toBe(0);
    expect(await wanted(pool)).toEqual([2]);
    expect(pool.log).toContain("another lock is taken by a restart or a hot swap only");
  });
});
