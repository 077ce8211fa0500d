import { writeFileSync } from "node:fs";
import { defineJob } from "ganger";
import { describe, expect, it } from "vitest";
import { waits } from "../fixtures/jobs-forks/jobs.mjs";
import { eventually } from "../support/eventually.ts";
import { FORK_JOBS, ForkPool, PACKAGE } from "../support/fork-pool.ts";
import { childrenOf, isAlive, kill } from "../support/test-pool.ts";

const version = (n: number) => `
import { defineJob } from ${JSON.stringify(PACKAGE)};
const perform = () => ({ version: ${n}, pid: process.pid, ppid: process.ppid });
export const version = defineJob({ name: "version", queue: "work", perform });
export const lone = defineJob({ name: "lone", queue: "work", isolation: "process", perform });
`;

interface Version {
  readonly version: number;
  readonly pid: number;
  readonly ppid: number;
}

/** A pool whose code can be changed. */
async function start(workers: Readonly<Record<string, unknown>>, ready: number): Promise<ForkPool> {
  const forks = await ForkPool.create({ workers });
  deploy(forks, version(1));
  configure(forks, workers);
  forks.pool.startManager();
  await forks.server();
  await forks.pool.ready(ready);
  return forks;
}

function deploy(forks: ForkPool, code: string): void {
  writeFileSync(forks.file("app.mjs"), code);
}

function configure(forks: ForkPool, workers: Readonly<Record<string, unknown>>, config = {}): void {
  forks.pool.configure({ workers, jobs: [FORK_JOBS, forks.file("app.mjs")], config });
}

const perform = () => undefined;
/** As the application defines them, by name. */
const jobs = {
  inline: defineJob({ name: "version", queue: "work", perform }),
  lone: defineJob({ name: "lone", queue: "work", perform }),
};

async function ask(forks: ForkPool, where: keyof typeof jobs = "inline"): Promise<Version> {
  return forks.result<Version>(await forks.pool.client.enqueue(jobs[where], undefined));
}

describe("new code", () => {
  it("is loaded by a server of its own, and the old one ends after its last child", async () => {
    await using forks = await start({ work: { count: 1, concurrency: 2 } }, 1);
    const [server, worker] = [await forks.server(), await forks.worker()];
    expect(await ask(forks)).toEqual({ version: 1, pid: worker, ppid: server });
    const long = await forks.pool.client.enqueue(waits, {
      file: forks.file("trace"),
      end: forks.file("end"),
    });
    await forks.wrote("trace");

    deploy(forks, version(2));
    const restart = forks.pool.run("restart", "--rolling");
    const next = await forks.server(server);
    const other = await forks.worker(worker);

    expect(childrenOf(next)).toContain(other);
    expect(isAlive(server)).toBe(true);
    expect(await ask(forks, "lone")).toMatchObject({ version: 2, ppid: next });
    expect(isAlive(worker)).toBe(true);
    writeFileSync(forks.file("end"), "");
    expect((await restart).code).toBe(0);
    expect((await forks.finished(long)).state).toBe("completed");
    await eventually("the old server is gone", () => !isAlive(server));
    expect(isAlive(worker)).toBe(false);
    expect(isAlive(next)).toBe(true);
  });

  it("that is broken changes nothing: the old server stays in force", async () => {
    await using forks = await start({ work: 1 }, 1);
    const [server, worker] = [await forks.server(), await forks.worker()];
    deploy(forks, "throw new Error('half a deploy');");

    const { code, out } = await forks.pool.run("restart", "--rolling");

    expect([code, out]).toEqual([1, expect.stringContaining("half a deploy")]);
    expect(await forks.server()).toBe(server);
    expect(await ask(forks)).toMatchObject({ version: 1, pid: worker });
    expect(await ask(forks, "lone")).toMatchObject({ version: 1, ppid: server });
    await eventually(
      () => `only it is left: ${forks.processes().join(", ")}`,
      async () => {
        const coordinator = await forks.pool.coordinator();
        const known = new Set([forks.pool.managerPid, coordinator, server, worker]);
        return forks.processes().every((pid) => known.has(pid) || childrenOf(server).includes(pid));
      },
    );
    kill(worker);
    deploy(forks, version(1));
    const other = await forks.worker(worker);
    expect(childrenOf(server)).toContain(other);
  });

  it.each([
    ["what is preloaded", { preload: ["node:zlib"] }],
    ["the hooks", { hooks: "hooks.mjs" }],
  ])("comes with a reload that changes %s, and nothing with one that does not", async (_, config) => {
    await using forks = await start({ work: 1 }, 1);
    writeFileSync(forks.file("hooks.mjs"), "export const beforeFork = () => undefined;");
    const [server, worker] = [await forks.server(), await forks.worker()];
    expect((await forks.pool.run("reload")).code).toBe(0);
    expect(await forks.server()).toBe(server);

    configure(forks, { work: 1 }, config);
    expect((await forks.pool.run("reload")).code).toBe(0);

    const next = await forks.server(server);
    const other = await forks.worker(worker);
    expect(childrenOf(next)).toContain(other);
    await eventually("the old server is gone", () => !isAlive(server));
  });

  it("can be asked for while the old code is still being loaded", async () => {
    const workers = { work: 1 };
    const forks = await ForkPool.create({ workers });
    await using _pool = forks;
    deploy(forks, `${version(1)}\nawait new Promise((resolve) => setTimeout(resolve, 30_000));`);
    configure(forks, workers);
    forks.pool.startManager();
    const first = await eventually(
      "it loads",
      async () => (await forks.pool.status().catch(() => undefined))?.forks?.pid,
    );
    deploy(forks, version(2));
    configure(forks, { work: 2 }, { preload: ["node:zlib"] });

    forks.pool.signal("SIGHUP");

    expect(await forks.server(first)).not.toBe(first);
    await forks.pool.ready(2);
    expect(await ask(forks)).toMatchObject({ version: 2 });
    await eventually("the first server is gone", () => !isAlive(first));
  });

  it("comes with another manager, too", async () => {
    await using forks = await start({ work: 2 }, 2);
    const server = await forks.server();
    const old = forks.pool.managerPid;
    deploy(forks, version(2));

    forks.pool.startManager(["--hot-swap"]);

    await eventually(
      () => `the old manager is gone\n${forks.pool.log}`,
      () => !isAlive(old) && !isAlive(server),
    );
    expect(await ask(forks)).toMatchObject({ version: 2, ppid: await forks.server() });
    forks.pool.signal("SIGTERM");
    expect(await forks.pool.ended()).toBe(0);
    await forks.isGone();
    expect(forks.files()).toEqual([]);
  });
});
