import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { listenForNotifications } from "../support/notify-socket.ts";
import { isAlive, TestPool, type TestPoolOptions } from "../support/test-pool.ts";

/** Jobs that load when a file is there. */
const LATE = (file: string) => `
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
while (!existsSync(${JSON.stringify(file)})) await delay(5);
export const nothing = 1;
`;

/** A pool that is told where systemd listens; `said` has what it said so far. */
async function create(options: (folder: string) => TestPoolOptions) {
  const env: Record<string, string> = {};
  const pool = await TestPool.create({ workers: {}, env });
  const file = join(pool.folder, "said");
  const socket = join(pool.folder, "notify");
  await listenForNotifications(socket, file);
  Object.assign(env, { NOTIFY_SOCKET: socket });
  pool.configure(options(pool.folder));
  const said = () => (existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []);
  const says = (text: string) =>
    eventually(
      () => `it says ${text}, but ${said().join("; ")}\n${pool.log}`,
      () => said().find((line) => line.includes(text)),
    );
  return { pool, said, says };
}

const readyAs = (pid: number | undefined) => `READY=1 MAINPID=${pid}`;
const words = (lines: readonly string[]) => lines.map((line) => line.split("=")[0]);
const failing = { count: 1, exec: "exit 1" };

describe("the service manager", () => {
  it("is told that the pool is ready when its workers are, and not before", async () => {
    const { pool, said, says } = await create((folder) => {
      writeFileSync(join(folder, "jobs.mjs"), LATE(join(folder, "go")));
      return { workers: { work: 2 }, jobs: join(folder, "jobs.mjs") };
    });
    await using _pool = pool;
    pool.startManager();
    await says("STATUS=starting: 0 of 2 workers ready EXTEND_TIMEOUT_USEC=70000000");
    await eventually("both load", async () => (await pool.members()).length === 2);
    expect(said().join()).not.toContain("READY");

    writeFileSync(join(pool.folder, "go"), "");
    await says(`${readyAs(pool.managerPid)} STATUS=managing 2 workers`);
    expect((await pool.members()).map(({ state }) => state)).toEqual(["waiting", "waiting"]);
    pool.signal("SIGTERM");
    await pool.ended();
    expect(said().at(-1)).toBe("STOPPING=1");
  });

  it("hears of a pool some of whose workers fail, for the others are at work", async () => {
    const { pool, says } = await create(() => ({ workers: { work: 1, never: failing } }));
    await using _pool = pool;
    pool.startManager();

    await says(`${readyAs(pool.managerPid)} STATUS=managing 1 of 2 workers`);
    expect(pool.log).toContain("1 of 2 workers are ready, and those of never fail");
  });

  it("hears after the time for a start that not all came up", async () => {
    const slow = { count: 1, exec: { command: "sleep 60", ready: "60s" } };
    const { pool, says } = await create(() => ({
      workers: { quick: { ...slow, exec: { ...slow.exec, ready: "10ms" } }, slow },
      config: { boot: "1s" },
    }));
    await using _pool = pool;
    pool.startManager();

    await says(`${readyAs(pool.managerPid)} STATUS=managing 1 of 2 workers`);
  });

  it("is told of a rolling restart as of a reload", async () => {
    const { pool, said, says } = await create(() => ({ workers: { work: 1 } }));
    await using _pool = pool;
    pool.startManager();
    await says("READY");
    const before = said().length;
    expect((await pool.run("restart", "--rolling")).code).toBe(0);

    await eventually("it is ready again", () => said().slice(before).join().includes("READY=1"));
    const after = words(said().slice(before)).filter((word) => word !== "STATUS");
    expect(after).toEqual(["RELOADING", "READY"]);
  });

  it("is told by the new manager of a hot swap who it is, and not by the old one that it stops", async () => {
    const { pool, said, says } = await create(() => ({ workers: { work: 2 } }));
    await using _pool = pool;
    const old = pool.startManager();
    await says(readyAs(old.pid));

    pool.startManager(["--hot-swap"]);
    await says(readyAs(pool.managerPid));
    await eventually("the old one ends", () => old.exitCode === 0);

    expect(said().filter((line) => line.includes("MAINPID"))).toHaveLength(2);
    expect(words(said())).not.toContain("STOPPING");
    expect(said().find((text) => text.includes(readyAs(pool.managerPid)))).toContain("managing 2 workers");
  });

  it("hears nothing but of the old manager when a new one comes to nothing", async () => {
    const { pool, said, says } = await create(() => ({ workers: { work: 1 } }));
    await using _pool = pool;
    const old = pool.startManager();
    await says(readyAs(old.pid));
    pool.configure({ workers: { work: 1 }, jobs: join(pool.folder, "none.mjs") });
    pool.startManager(["--hot-swap"]);
    expect(await pool.ended()).toBe(1);

    await says(readyAs(old.pid));
    expect(said().join()).not.toContain(`${pool.managerPid}`);
    expect(words(said())).not.toContain("STOPPING");
    old.kill("SIGTERM");
    await eventually("the old one ends", () => old.exitCode !== null);
  });
});

function startDaemon(pool: TestPool) {
  const [out, err] = ["out.log", "err.log"].map((name) => join(pool.folder, name));
  return pool.run("start", "--daemon", "--no-pidfile", "-o", out ?? "", "-e", err ?? "");
}

describe("a daemon", () => {
  it("is up when its workers are", async () => {
    await using pool = await TestPool.create({ workers: { work: 2 } });
    expect(await startDaemon(pool)).toEqual({ code: 0, out: "" });

    const { out } = await pool.run("status", "--json");
    expect(JSON.parse(out).pools[0].groups[0].workers).toMatchObject([
      { state: "waiting" },
      { state: "waiting" },
    ]);
    expect((await pool.run("stop")).code).toBe(0);
  });

  it("is up, with a warning, when some of its workers fail again and again", async () => {
    await using pool = await TestPool.create({ workers: { work: 1, never: failing } });
    const { code, out } = await startDaemon(pool);

    expect(code).toBe(0);
    expect(out).toMatch(
      /^warning: the pool is up, but not complete: 1 of 2 .* never fail; see .*err\.log\n$/,
    );
    expect((await pool.run("stop")).code).toBe(0);
  });

  it("says why when it cannot start its workers, and is gone", async () => {
    await using pool = await TestPool.create({ workers: { work: 1 } });
    pool.configure({ workers: { work: 1 }, jobs: join(pool.folder, "none.mjs") });
    const { code, out } = await startDaemon(pool);

    expect(code).toBe(1);
    expect(out).toContain("none.mjs");
    const pids = [...readFileSync(join(pool.folder, "err.log"), "utf8").matchAll(/manager\[(\d+)\]/g)];
    await eventually("it is gone", () => !pids.some(([, pid]) => isAlive(Number(pid))));
  });
});
