import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { noop } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf, isAlive, kill, TestPool } from "../support/test-pool.ts";

/** Writes its environment, then each signal that it gets; ends on those that are to end it. */
const PROGRAM = `
import { appendFileSync } from "node:fs";
const { FILE = "", ...env } = process.env;
const say = (what) => appendFileSync(FILE, JSON.stringify({ pid: process.pid, ...what }) + "\\n");
for (const name of ["SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGCONT"]) {
  process.on(name, () => {
    say({ signal: name });
    if (name === "SIGQUIT" || name === "SIGTERM") process.exit(0);
  });
}
setInterval(() => {}, 1000);
say({ env, parent: process.ppid });
`;

interface Line {
  readonly pid: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: string;
  readonly parent?: number;
}

async function start(workers: (exec: object, text: string) => Readonly<Record<string, unknown>>) {
  const pool = await TestPool.create({ workers: {} });
  const program = join(pool.folder, "program.mjs");
  const file = join(pool.folder, "said");
  writeFileSync(program, PROGRAM);
  const text = `FILE=${file} ${process.execPath} ${program}`;
  const command = `FILE=${file} exec ${process.execPath} ${program}`;
  pool.configure({ workers: workers({ command, ready: "100ms" }, text) });
  pool.startManager();
  const said = (): readonly Line[] =>
    existsSync(file)
      ? readFileSync(file, "utf8")
          .split("\n")
          .slice(0, -1)
          .map((line): Line => JSON.parse(line))
      : [];
  const started = (count: number) =>
    eventually(
      () => pool.report(),
      () => said().filter(({ env }) => env !== undefined).length >= count,
    );
  const signals = () => said().flatMap(({ signal }) => signal ?? []);
  return { pool, said, started, signals };
}

const ready = (pool: TestPool, count: number) =>
  eventually(
    () => pool.report(),
    () => pool.log.split("worker ready").length > count,
  );

describe("a group of programs of the user's own", () => {
  it("gets its queues and who manages it, and needs neither broker nor coordinator", async () => {
    const { pool, said, started } = await start((exec) => ({ "mail,*": { count: 2, exec } }));
    await using _pool = pool;
    await started(2);
    await ready(pool, 2);

    const [first] = said();
    expect(first?.env).toMatchObject({
      QUEUE: "mail,*",
      QUEUES: "mail,*",
      GANGER_APP: "test",
      GANGER_QUEUES: "mail,*",
      GANGER_MANAGER: `${pool.managerPid}`,
      RAILS_ENV: first?.env?.["GANGER_ENV"],
    });
    expect(first?.parent).toBe(pool.managerPid);
    const pids = said().map(({ pid }) => pid);
    expect(new Set(childrenOf(pool.managerPid))).toEqual(new Set(pids));
    const status = await pool.status();
    expect(status.coordinator).toBeUndefined();
    expect(new Set(status.groups[0]?.workers.map(({ pid }) => pid))).toEqual(new Set(pids));
    const shown = await pool.run("status");
    expect(shown.code).toBe(0);
    expect(shown.out).toContain("mail,*");
    for (const pid of pids) expect(shown.out).toContain(`${pid}`);
  });

  it("is restarted when it dies, beside workers of ours", async () => {
    const { pool, said, started } = await start((exec) => ({ own: { exec }, work: 1 }));
    await using _pool = pool;
    await started(1);
    await pool.ready(1);
    await ready(pool, 2);

    kill(said()[0]?.pid ?? 0);

    await started(2);
    const pids = new Set(said().map(({ pid }) => pid));
    expect(pids.size).toBe(2);
    await pool.client.enqueue(noop, { n: 1 });
    await eventually("ours works", async () => (await pool.count("completed")) === 1);
  });

  it("is told by signals to pause, to resume, to fail what runs, and to drain", async () => {
    const { pool, said, started, signals } = await start((exec) => ({ own: { exec } }));
    await using _pool = pool;
    await started(1);
    await ready(pool, 1);
    const [first] = said();

    for (const name of ["SIGUSR2", "SIGCONT", "SIGUSR1"] as const) {
      pool.signal(name);
      await eventually(`it gets ${name}`, () => signals().includes(name));
    }
    pool.signal("SIGTERM");

    expect(await pool.ended(10_000)).toBe(0);
    expect(signals()).toEqual(["SIGUSR2", "SIGCONT", "SIGUSR1", "SIGQUIT"]);
    expect(isAlive(first?.pid ?? 0)).toBe(false);
  });

  it("is told what its shell is told, and waited for, where the shell has to stay", async () => {
    const { pool, said, started, signals } = await start((exec, text) => ({
      own: { exec: { ...exec, command: `cd / && ${text}; exit 7` } },
    }));
    await using _pool = pool;
    await started(1);
    await ready(pool, 1);
    const [first] = said();
    expect(childrenOf(pool.managerPid)).toEqual([first?.parent]);

    for (const name of ["SIGUSR2", "SIGCONT", "SIGUSR1"] as const) {
      pool.signal(name);
      await eventually(`it gets ${name}`, () => signals().includes(name));
    }
    expect(isAlive(first?.parent ?? 0)).toBe(true);
    pool.signal("SIGTERM");

    expect(await pool.ended(10_000)).toBe(0);
    expect(signals()).toEqual(["SIGUSR2", "SIGCONT", "SIGUSR1", "SIGQUIT"]);
    expect([first?.pid, first?.parent].some((pid) => isAlive(pid ?? 0))).toBe(false);
    expect(said()).toHaveLength(1 + 4);
  });

  it("takes the place of its shell where it can", async () => {
    const { pool, said, started } = await start((exec, text) => ({
      own: { exec: { ...exec, command: text } },
    }));
    await using _pool = pool;
    await started(1);
    expect(said()[0]?.parent).toBe(pool.managerPid);
  });

  it("leaves nothing behind where what its shell has started does not listen", async () => {
    await using pool = await TestPool.create({ workers: {} });
    const file = join(pool.folder, "pid");
    const exec = `trap '' QUIT TERM; sh -c 'echo $$ >> ${file}; while :; do sleep 1; done' | cat`;
    pool.configure({ workers: { own: { exec, stop: "100ms", grace: "100ms" } } });
    pool.startManager();
    await eventually("it runs", () => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"));

    pool.signal("SIGTERM");

    expect(await pool.ended(10_000)).toBe(3);
    const pid = Number(readFileSync(file, "utf8"));
    await eventually("it is gone", () => !isAlive(pid));
  });

  it("drains by the signal that it was given, and is ended by another one", async () => {
    const { pool, said, started, signals } = await start((exec) => ({
      own: { exec: { ...exec, drain: "USR1", abort: "TERM" }, stop: "200ms" },
    }));
    await using _pool = pool;
    await started(1);
    await ready(pool, 1);

    pool.signal("SIGQUIT");

    expect(await pool.ended(10_000)).toBe(0);
    expect(signals()).toEqual(["SIGUSR1", "SIGTERM"]);
    expect(
      said()
        .map(({ pid }) => pid)
        .some(isAlive),
    ).toBe(false);
  });
});
