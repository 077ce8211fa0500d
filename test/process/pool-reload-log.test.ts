import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fail } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { childrenOf, TestPool } from "../support/test-pool.ts";

async function start(flag?: string) {
  const pool = await TestPool.create({ workers: {} });
  const file = (name: string) => join(pool.folder, name);
  const configure = (name: string, more: object = {}) =>
    pool.configure({ workers: { work: 1 }, config: { log: { stderr: file(name), ...more } } });
  configure("first.log");
  pool.startManager(flag === undefined ? [] : ["-e", file(flag)]);
  await pool.ready(1);
  const text = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), "utf8") : "");
  return { pool, file, configure, text };
}

const pumps = (pool: TestPool) =>
  childrenOf(pool.managerPid).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("log"));

it("a reload takes up another log file, level and format, and loses no line on the way", async () => {
  const { pool, configure, text } = await start();
  await using _pool = pool;
  const [before] = await pool.members();

  configure("second.log", { format: "json" });
  expect((await pool.run("reload")).code).toBe(0);

  expect(text("first.log")).toContain("worker ready");
  expect(text("first.log")).not.toContain("reloaded the configuration");
  const lines: readonly { msg: string }[] = text("second.log")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(lines.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining(["worker ready", "worker ended", "reloaded the configuration"]),
  );
  expect((await pool.members())[0]?.pid).not.toBe(before?.pid);
  await pool.client.enqueue(fail, {});
  await eventually("a new worker writes there", () => text("second.log").includes("job failed"));
  await eventually("only one process writes logs", () => pumps(pool).length === 1);

  configure("second.log", { format: "json", level: "error" });
  expect((await pool.run("reload")).code).toBe(0);
  expect(text("second.log").split("reloaded the configuration")).toHaveLength(2);
});

it("a reload with a log file that cannot be opened is refused", async () => {
  const { pool, configure, text } = await start();
  await using _pool = pool;
  configure("ganger.db/no-folder.log");
  const { code, out } = await pool.run("reload");

  expect([code, out]).toEqual([1, expect.stringContaining("GANGER_LOG_FAILED")]);
  expect(text("first.log")).toContain("the one of before stays in force");
});

it("a flag wins over another file in the configuration", async () => {
  const { pool, configure, text } = await start("flag.log");
  await using _pool = pool;
  configure("second.log");
  expect((await pool.run("reload")).code).toBe(0);

  expect([text("first.log"), text("second.log")]).toEqual(["", ""]);
  expect(text("flag.log")).toContain("reloaded the configuration");
});
