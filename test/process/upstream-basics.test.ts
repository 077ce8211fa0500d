import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { PoolFolder, titleOf } from "../support/pool-folder.ts";
import { childrenOf, isAlive } from "../support/test-pool.ts";

/** What the tests of resque-pool and qless-pool show of a whole pool, with the same file. */
const BASIC = "workers:\n  foo: 1\n  bar: 2\n  'bar, baz': 3\n";

/** Workers of a manager, which are children of its fork server where they are forked. */
const pidsOf = (manager: number) =>
  [manager, ...childrenOf(manager)].flatMap(childrenOf).filter((pid) => titleOf(pid).includes("worker"));

const workersOf = (manager: number) =>
  pidsOf(manager)
    .map(titleOf)
    .flatMap((title) => /worker (?<list>\S+): waiting/.exec(title)?.groups?.["list"] ?? [])
    .toSorted((a, b) => a.localeCompare(b));

/** The lines of a log that tell how a worker ended. */
const ends = (log: string) =>
  log
    .split("\n")
    .filter((line) => line.includes("worker ended"))
    .flatMap((line) => /queues=(?<rest>.*)$/.exec(line)?.groups?.["rest"] ?? [])
    .toSorted((a, b) => a.localeCompare(b));

const asEnded = (list: string) => `${list} code=0 signal=null`;

describe("a pool without workers", () => {
  it.each([
    ["ganger.yml", "workers: {}"],
    ["ganger.yml", ""],
    ["config/resque-pool.yml", "---\n"],
  ])("by %s with %j runs, and ends when it is told to", async (name, text) => {
    await using folder = new PoolFolder({ [name]: text });
    const pool = folder.start();
    await pool.says("the pool is empty");
    await eventually("its title says so", () => titleOf(pool.pid) === "ganger[shop]: manager managing []");

    pool.child.kill("SIGQUIT");

    expect(await pool.ended()).toBe(0);
    expect(pool.log).toContain("stopped manager");
  });

  it("is not started without any configuration, for it may be somebody in the wrong folder", async () => {
    await using folder = new PoolFolder();
    const { code, out } = await folder.run(["start"]);
    expect([code, out]).toEqual([1, expect.stringMatching(/There is no configuration[^]*ganger init/)]);
  });
});

describe("a basic pool", () => {
  it("has 1, 2 and 3 workers with titles of their lists, and tells of the end of each", async () => {
    await using folder = new PoolFolder({ "ganger.yml": BASIC });
    const pool = folder.start();
    await eventually(
      () => `six work\n${pool.log}`,
      () => workersOf(pool.pid).length === 6,
    );

    expect(workersOf(pool.pid)).toEqual(["bar", "bar", "bar,baz", "bar,baz", "bar,baz", "foo"]);
    const pids = pidsOf(pool.pid);
    expect(pids).toHaveLength(6);
    // There is room for what the command line had: the rest is cut off.
    expect(titleOf(pool.pid)).toMatch(/^ganger\[shop\]: manager managing \[\d+/);

    pool.child.kill("SIGQUIT");

    expect(await pool.ended()).toBe(0);
    expect(ends(pool.log)).toEqual(["bar", "bar", "bar,baz", "bar,baz", "bar,baz", "foo"].map(asEnded));
    for (const pid of pids) expect(pool.log).toMatch(new RegExp(`worker ended worker=\\S+:${pid}:`));
    expect(pids.some(isAlive)).toBe(false);
  });
});

describe("a pool in the background", () => {
  it("has 2, 4 and 4 workers, a pidfile and files for its output, and ends by its pidfile", async () => {
    await using folder = new PoolFolder({ "ganger.yml": "workers:\n  foo: 2\n  bar: 4\n  'bar, baz': 4\n" });

    expect((await folder.run(["start", "--daemon"])).code).toBe(0);
    const pid = folder.pid("tmp/pids/ganger.pid");
    await eventually(
      () => `ten work\n${folder.read("log/ganger.stderr.log")}`,
      () => workersOf(pid).length === 10,
    );
    expect(workersOf(pid).join(" ")).toBe("bar bar bar bar bar,baz bar,baz bar,baz bar,baz foo foo");
    expect(existsSync(folder.file("log/ganger.stdout.log"))).toBe(true);

    process.kill(pid, "SIGQUIT");

    await eventually("it is gone", () => !isAlive(pid));
    expect(existsSync(folder.file("tmp/pids/ganger.pid"))).toBe(false);
    expect(ends(folder.read("log/ganger.stderr.log"))).toHaveLength(10);
    expect(folder.read("log/ganger.stderr.log")).toContain("stopped manager");
  });
});
