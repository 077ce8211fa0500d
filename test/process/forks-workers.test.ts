import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { startTimeOf } from "../../src/util/proc-stat.ts";
import { apart, completesIn, here, prints, spawns, traces } from "../fixtures/jobs-forks/jobs.mjs";
import { eventually } from "../support/eventually.ts";
import { FORK_JOBS, ForkPool } from "../support/fork-pool.ts";
import { titleOf } from "../support/pool-folder.ts";
import { childrenOf, isAlive, kill } from "../support/test-pool.ts";

interface Where {
  readonly pid: number;
  readonly ppid: number;
  readonly title: string;
  readonly loaded: { readonly by: number; readonly id: string };
  readonly env: string;
  readonly cwd: string;
}

const HOOKS = `
import { appendFileSync } from "node:fs";
const trace = new URL("trace", import.meta.url);
export const beforeFork = () => appendFileSync(trace, "before " + process.pid + "\\n");
export const afterFork = (worker) => appendFileSync(trace, "after " + process.pid + " " + JSON.stringify(worker) + "\\n");
`;

describe("workers", () => {
  it("are forked from one process that has loaded the application, and so are processes for jobs", async () => {
    await using forks = await ForkPool.start({ workers: { work: 2 } }, 2);
    const { client } = forks.pool;
    const server = await forks.server();
    const ids = await client.enqueueMany(
      here,
      Array.from({ length: 4 }, () => null),
    );
    const jobs = await Promise.all(ids.map((id) => forks.result<Where>(id)));
    const lone = await forks.result<Where>(await client.enqueue(apart, null));
    const workers = (await forks.pool.workers()).map(({ pid }) => pid);

    expect(childrenOf(server)).toEqual(expect.arrayContaining(workers));
    for (const job of jobs) {
      expect(workers).toContain(job.pid);
      expect(job).toMatchObject({ ppid: server, env: "test", cwd: forks.pool.folder });
    }
    expect(lone.ppid).toBe(server);
    expect(workers).not.toContain(lone.pid);
    expect(new Set([...jobs, lone].map(({ loaded }) => loaded.id)).size).toBe(1);
    expect(lone.loaded.by).toBe(server);
    expect(new Set((await forks.pool.members()).map(({ pid }) => pid))).toEqual(new Set(workers));
  });

  it("are named for what they are", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    const server = await forks.server();
    const { title } = await forks.result<Where>(await forks.pool.client.enqueue(apart, null));

    expect(titleOf(server)).toBe("ganger[test]: fork server");
    expect(title).toMatch(/^ganger\[test\]: job$/);
    await eventually("the worker waits", async () =>
      titleOf(await forks.worker()).startsWith("ganger[test]: worker work: waiting"),
    );
  });

  it("share what beforeFork did, once, and each call afterFork with what they are", async () => {
    const forks = await ForkPool.create({ workers: { work: 2 } });
    await using _pool = forks;
    writeFileSync(forks.file("hooks.mjs"), HOOKS);
    forks.pool.configure({
      workers: { work: 2 },
      jobs: FORK_JOBS,
      config: { hooks: forks.file("hooks.mjs") },
    });
    forks.pool.startManager();
    await forks.pool.ready(2);
    const [before, ...after] = await forks.wrote("trace", 3);

    expect(before).toBe(`before ${await forks.server()}`);
    const workers = await forks.pool.workers();
    const told = after.map((line) => JSON.parse(line.split(" ").slice(2).join(" ")));
    expect(told).toEqual(
      expect.arrayContaining(
        workers.map(({ pid, holder }) => ({ pid, holder, queues: "work", app: "test", environment: "test" })),
      ),
    );
    expect(after).toHaveLength(2);
  });

  it("write where the manager does", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    await forks.pool.client.enqueue(prints, { text: "of a job" });

    await eventually(
      () => `both arrive\n${forks.pool.log}`,
      () => forks.pool.log.includes("out of a job\n") && forks.pool.log.includes("err of a job\n"),
    );
  });

  it("are replaced at once when they crash, and take what they started along", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    const server = await forks.server();
    const id = await forks.pool.client.enqueue(spawns, { file: forks.file("spawned") });
    const [spawned] = await forks.wrote("spawned");
    const worker = await forks.worker();
    const start = startTimeOf(worker);

    kill(worker);

    await eventually("what it started is gone", () => !isAlive(Number(spawned)));
    await eventually("its job runs again", () => forks.lines("spawned").length === 2);
    expect(forks.pool.log).toMatch(/worker died.*SIGKILL/);
    expect((await forks.pool.client.broker.inspect?.find(id))?.crashes).toBe(1);
    expect(childrenOf(server)).toContain(await forks.worker());
    expect(startTimeOf(worker)).not.toBe(start);
  });

  it("heed the signals that are theirs", async () => {
    await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
    const worker = await forks.worker();
    const id = await forks.pool.client.enqueue(traces, { file: forks.file("trace"), ms: 500 });
    await forks.wrote("trace");

    process.kill(worker, "SIGUSR2");
    await eventually("it pauses", async () => titleOf(worker).includes("paused"));
    expect((await forks.finished(id)).state).toBe("completed");
    const other = await forks.pool.client.enqueue(here, null);
    process.kill(worker, "SIGCONT");
    expect((await forks.result<Where>(other)).pid).toBe(worker);
    process.kill(worker, "SIGQUIT");
    const successor = await forks.worker(worker);
    expect(childrenOf(await forks.server())).toContain(successor);
  });
});

it("a job in a fork of its own is completed in a transaction", async () => {
  await using forks = await ForkPool.start({ workers: { work: 1 } }, 1);
  const id = await forks.pool.client.enqueue(completesIn, { file: forks.file("ganger.db") });

  expect(await forks.result<number>(id)).toBe(await forks.server());
});
