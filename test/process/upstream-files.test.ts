import { existsSync, renameSync } from "node:fs";
import { connect } from "ganger";
import { describe, expect, it } from "vitest";
import { speak } from "../fixtures/jobs-speak/speak.ts";
import { builtJobs } from "../support/built-jobs.ts";
import { eventually } from "../support/eventually.ts";
import { PoolFolder } from "../support/pool-folder.ts";
import { isAlive } from "../support/test-pool.ts";

const EMPTY = { "ganger.yml": "workers: {}" };
const SPEAKING = {
  "ganger.yml": "broker: sqlite:./ganger.db\nworkers: { work: { count: 2, concurrency: 1 } }",
};
const ENV = { GANGER_JOBS: builtJobs("jobs-speak") };
const DEFAULT = "tmp/pids/ganger.pid";

describe("a pidfile", () => {
  it("in the background is the last one named, though none was wanted before", async () => {
    await using folder = new PoolFolder(EMPTY);
    expect((await folder.run(["start", "--no-pidfile", "-d", "-p", "own.pid"])).code).toBe(0);
    expect(existsSync(folder.file(DEFAULT))).toBe(false);

    const pid = folder.pid("own.pid");
    process.kill(pid, "SIGTERM");

    await eventually("it is gone", () => !isAlive(pid));
    expect(existsSync(folder.file("own.pid"))).toBe(false);
  });

  it("in the background is none if none is wanted in the end", async () => {
    await using folder = new PoolFolder(EMPTY);
    expect((await folder.run(["start", "-p", "own.pid", "-d", "--no-pidfile"])).code).toBe(0);

    expect([DEFAULT, "own.pid"].filter((name) => existsSync(folder.file(name)))).toEqual([]);
    expect((await folder.run(["stop"])).code).toBe(0);
  });

  it("is there only when asked for in the foreground, and keeps a second pool out", async () => {
    await using folder = new PoolFolder(EMPTY);
    const first = folder.start(["start", "--no-pidfile", "-p", "a/own.pid"]);
    await first.says("started manager");
    expect(folder.pid("a/own.pid")).toBe(first.pid);

    const second = await folder.run(["start", "-p", "a/own.pid"]);
    expect([second.code, second.out]).toEqual([1, expect.stringContaining("GANGER_PIDFILE_TAKEN")]);

    first.child.kill("SIGTERM");
    expect(await first.ended()).toBe(0);
    expect(existsSync(folder.file("a/own.pid"))).toBe(false);
    expect(existsSync(folder.file(DEFAULT))).toBe(false);
  });
});

/** `out 12 0 …`, in the order of the file. */
const linesOf = (text: string, start: string) => text.split("\n").filter((line) => line.startsWith(start));

describe("log files that are moved away from a running pool", () => {
  it("are opened anew on HUP: nothing is lost, torn or written twice, in letters of any size", async () => {
    await using folder = new PoolFolder(SPEAKING);
    const pool = folder.start(["start", "-o", "log/out.log", "-e", "log/err.log"], ENV);
    const read = (name: string) => folder.read(`log/${name}.log`);
    await eventually(
      () => `both are ready\n${read("err")}`,
      () => read("err").split("worker ready").length > 2,
    );
    await using client = await connect(`sqlite:${folder.file("ganger.db")}`);
    const text = "grüße 日本語 😀".repeat(20);
    const ids = await client.enqueueMany(speak, [
      { text, forMs: 2500 },
      { text, forMs: 2500 },
    ]);
    await eventually("both speak", () => ids.every((id) => read("out").includes(`out ${id} 50 `)));

    for (const name of ["out", "err"])
      renameSync(folder.file(`log/${name}.log`), folder.file(`log/${name}.1.log`));
    pool.child.kill("SIGHUP");
    await eventually("the new files are written", () =>
      ["out", "err"].every((name) => read(name).includes("日本語")),
    );
    await eventually("the manager writes there too", () =>
      read("err").includes("reloaded the configuration"),
    );
    const lengths = ["out.1", "err.1"].map((name) => read(name).length);
    const jobs = await eventually("both are done", async () => {
      const found = await Promise.all(ids.map(async (id) => client.broker.inspect?.find(id)));
      return found.every((job) => job?.state === "completed") && found;
    });
    pool.child.kill("SIGQUIT");
    expect(await pool.ended()).toBe(0);

    expect(pool.log).toBe("");
    for (const job of jobs) {
      for (const name of ["out", "err"]) {
        const start = `${name} ${job?.id} `;
        const expected = Array.from({ length: Number(job?.result) }, (_, line) => `${start}${line} ${text}`);
        expect(linesOf(read(`${name}.1`) + read(name), start)).toEqual(expected);
        expect(linesOf(read(name), start).length).toBeGreaterThan(0);
      }
    }
    expect(["out.1", "err.1"].map((name) => read(name).length)).toEqual(lengths);
    expect(read("err.1")).toContain("started manager");
    expect(read("err")).toContain("stopped manager");
    expect(read("out")).not.toContain("manager[");
  });
});

describe("a configuration that was changed", () => {
  it("is not seen until HUP", async () => {
    await using folder = new PoolFolder({ "ganger.yml": "workers: { one: { exec: 'sleep 60' } }" });
    const pool = folder.start();
    await pool.says("worker ready");
    folder.write("ganger.yml", "workers: { two: { exec: 'sleep 61', count: 2 } }");
    // A worker that is started after the change is still of the configuration before.
    pool.child.kill("SIGTTIN");
    await pool.says("worker ready", 2);
    expect(pool.log).not.toContain("queues=two");

    pool.child.kill("SIGHUP");
    await pool.says("queues=two", 2);

    pool.child.kill("SIGTERM");
    expect(await pool.ended()).toBe(0);
    expect(pool.log.match(/worker ended .*queues=one /g)).toHaveLength(2);
  });
});
