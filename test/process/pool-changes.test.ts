import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hold, noop } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf, kill, TestPool } from "../support/test-pool.ts";

const pidsOf = async (pool: TestPool) => (await pool.members()).map(({ pid }) => pid);

/** Has a job running that ends when it is aborted. */
async function occupy(pool: TestPool): Promise<void> {
  const file = join(pool.folder, `held-${Math.random()}`);
  await pool.client.enqueue(hold, { file });
  await eventually("the job runs", () => existsSync(file));
}

/** Job modules that come up, or wait for a file and then break, as `isSound` says. */
function writeJobs(pool: TestPool, isSound: boolean): { readonly jobs: string; readonly gate: string } {
  const [jobs, gate] = [join(pool.folder, "jobs.mjs"), join(pool.folder, "gate")];
  const broken = `
    import { existsSync } from "node:fs";
    import { setTimeout } from "node:timers/promises";
    while (!existsSync(${JSON.stringify(gate)})) await setTimeout(10);
    throw new Error("as it should");`;
  writeFileSync(jobs, isSound ? "export {};" : broken);
  return { jobs, gate };
}

describe("a pool that drains", () => {
  it("takes up nothing new, and ends", async () => {
    await using pool = await TestPool.start({ workers: { work: { count: 2, stop: "1h" } } }, 2);
    await occupy(pool);
    pool.signal("SIGTERM");
    await eventually("it drains", async () => (await pool.members()).length === 1);

    const reload = await pool.run("reload");
    const restart = await pool.run("restart", "--rolling");
    pool.signal("SIGHUP");
    await eventually("HUP was heard", () => pool.log.includes("reloading"));

    expect([reload.code, restart.code]).toEqual([1, 1]);
    expect(reload.out).toContain("The pool is stopping");
    expect(restart.out).toContain("The pool is stopping");
    pool.signal("SIGINT");
    await eventually("its jobs are aborted", () => pool.log.includes("aborting what runs"));
    await pool.ended();
    expect(pool.log.match(/worker ready/g)).toHaveLength(2);
  });

  it("says that a restart was not done", async () => {
    await using pool = await TestPool.start({ workers: { work: { count: 1, stop: "1h" } } }, 1);
    await occupy(pool);
    const restart = pool.run("restart", "--rolling");
    await eventually("the new worker is there", async () => (await pool.members()).length === 2);

    pool.signal("SIGTERM");

    expect((await restart).code).toBe(1);
  });
});

describe("a reload", () => {
  it("does not wait for jobs that workers of an earlier one finish", async () => {
    const workers = { work: { count: 1, stop: "1h" } };
    await using pool = await TestPool.start({ workers }, 1);
    await occupy(pool);
    pool.configure({ workers: { work: { ...workers.work, concurrency: 3 } } });
    const first = pool.run("reload");
    await eventually("the old worker drains", async () =>
      (await pool.members()).some(({ state }) => state === "draining"),
    );

    pool.configure({ workers: { work: { ...workers.work, concurrency: 3 }, other: 1 } });
    pool.signal("SIGHUP");

    await eventually("there is the other group", async () => (await pool.status()).groups.length === 2);
    expect((await first).code).toBe(0);
  });

  it("that fails takes back no count which was changed by hand meanwhile", async () => {
    await using pool = await TestPool.create({ workers: { work: 1 } });
    const { jobs, gate } = writeJobs(pool, true);
    pool.configure({ workers: { work: 1 }, jobs });
    pool.startManager();
    await pool.ready(1);
    writeJobs(pool, false);
    const restart = pool.run("restart", "--rolling");
    await eventually("the new worker starts", async () => (await pool.members()).length === 2);

    pool.signal("SIGTTIN");
    await eventually("one more is wanted", async () => (await pool.status()).groups[0]?.wanted === 2);
    writeFileSync(gate, "");

    expect((await restart).code).toBe(1);
    expect((await pool.status()).groups[0]?.wanted).toBe(2);
  });
});

/** A configuration whose loader reads a number from a file. */
function writeLoader(pool: TestPool): { readonly argv: readonly string[]; say(count: number): void } {
  const [module, answer] = [join(pool.folder, "ganger.mjs"), join(pool.folder, "answer")];
  const file = JSON.parse(readFileSync(join(pool.folder, "ganger.json"), "utf8"));
  const workers = `() => ({ work: Number(readFileSync(${JSON.stringify(answer)}, "utf8")) })`;
  const fixed = JSON.stringify({ ...file, workers: undefined });
  writeFileSync(
    module,
    `import { readFileSync } from "node:fs"; export default { ...${fixed}, workers: ${workers} };`,
  );
  const say = (count: number) => writeFileSync(answer, `${count}`);
  say(1);
  return { argv: ["-c", module], say };
}

describe("a loader", () => {
  it("is asked again after its process was killed", async () => {
    await using pool = await TestPool.create({ workers: {} });
    const loader = writeLoader(pool);
    pool.startManager(loader.argv);
    await pool.ready(1);
    const known = new Set([...(await pidsOf(pool)), await pool.coordinator()]);
    const host = childrenOf(pool.managerPid).find((pid) => !known.has(pid));

    kill(host ?? 0);
    loader.say(3);

    await pool.ready(3);
    expect(pool.log).toContain("started the user's configuration again");
  });

  it("has its say when a restart failed meanwhile", async () => {
    await using pool = await TestPool.create({ workers: {} });
    const { jobs, gate } = writeJobs(pool, true);
    pool.configure({ workers: {}, jobs });
    const loader = writeLoader(pool);
    pool.startManager(loader.argv);
    await pool.ready(1);
    writeJobs(pool, false);
    pool.signal("SIGHUP");
    await eventually("it is read", () => pool.log.includes("reloaded the configuration"));
    const restart = pool.run("restart", "--rolling");
    await eventually("the new worker starts", async () => (await pool.members()).length === 2);
    loader.say(2);
    await eventually("two are wanted", async () => (await pool.status()).groups[0]?.wanted === 2);
    writeFileSync(gate, "");

    expect((await restart).code).toBe(1);
    expect((await pool.status()).groups[0]?.wanted).toBe(2);
  });
});

describe("a worker", () => {
  it("that is started in a paused pool is paused from its first moment", async () => {
    await using pool = await TestPool.start({ workers: { work: 1 } }, 1);
    pool.signal("SIGUSR2");
    await eventually("it is paused", async () => (await pool.members())[0]?.state === "paused");
    await pool.client.enqueue(noop, { n: 1 });

    pool.signal("SIGTTIN");
    await eventually(
      "so is the new one",
      async () => (await pool.members()).filter(({ state }) => state === "paused").length === 2,
    );

    expect(await pool.count("waiting")).toBe(1);
    pool.signal("SIGCONT");
    await eventually("the job is done", async () => (await pool.count("completed")) === 1);
  });

  it("that goes to another group has the limits of that one", async () => {
    await using pool = await TestPool.start({ workers: { nothing: 1 } }, 1);
    const before = await pidsOf(pool);
    pool.configure({ workers: { work: { count: 1, maxJobs: 1 } } });
    expect((await pool.run("reload")).code).toBe(0);
    expect(await pidsOf(pool)).toEqual(before);

    await pool.client.enqueue(noop, { n: 1 });

    await eventually("it is replaced", async () => {
      const pids = await pidsOf(pool);
      return pids.length === 1 && pids[0] !== before[0];
    });
  });
});
