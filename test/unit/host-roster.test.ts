import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { appDirectory, findAppDirectory } from "../../src/pool/process/app-directory.ts";
import { Roster, readOrphans } from "../../src/pool/process/roster.ts";
import { startTimeOf } from "../../src/util/proc-stat.ts";

const us = { pid: process.pid, start: startTimeOf(process.pid) };
/** One that had our pid before us. */
const dead = { pid: process.pid, start: (us.start ?? 0) - 1 };

let folder: string;
let directory: string;
let worker: ChildProcess;
let pid: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ganger-roster-"));
  directory = join(folder, "pool");
  worker = spawn("cat", { stdio: ["pipe", "pipe", "ignore"] });
  pid = worker.pid ?? 0;
});
afterEach(async () => {
  await end();
  rmSync(folder, { recursive: true });
});

async function end(): Promise<void> {
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill("SIGKILL");
  await once(worker, "exit");
}

const orphans = () => readOrphans(directory);
const files = () => readdirSync(directory);

describe("a roster", () => {
  it("tells the next manager who lives on, and what it serves by now", () => {
    const roster = new Roster(directory, dead);
    roster.add({ pid, queues: "a" });
    expect(orphans()).toEqual([{ pid, start: startTimeOf(pid), queues: "a" }]);

    roster.move(pid, "b,c");
    roster.move(1, "d");
    expect(orphans()).toEqual([{ pid, start: startTimeOf(pid), queues: "b,c" }]);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, `worker-${pid}.json`)).mode & 0o777).toBe(0o600);
    expect(files()).toEqual([`worker-${pid}.json`]);

    roster.delete(pid);
    roster.delete(pid);
    expect(files()).toEqual([]);
  });

  it("is left alone while its manager lives", async () => {
    const roster = new Roster(directory, us);
    roster.add({ pid, queues: "a" });
    expect(orphans()).toEqual([]);
    await end();
    expect(orphans()).toEqual([]);
    expect(files()).toHaveLength(1);

    roster[Symbol.dispose]();
    expect(files()).toEqual([]);
  });

  it("keeps workers that are left running", () => {
    const roster = new Roster(directory, dead);
    roster.add({ pid, queues: "a" });
    roster[Symbol.dispose]();

    expect(orphans()).toHaveLength(1);
  });

  it("forgets workers that are dead, or were when the machine was started", async () => {
    new Roster(directory, dead).add({ pid, queues: "a" });
    const file = join(directory, `worker-${pid}.json`);
    const text = readFileSync(file, "utf8");
    for (const [from, to] of [
      [/"boot":"[^"]*"/, '"boot":"other"'],
      [/("start":)/, "$11"],
    ] as const) {
      writeFileSync(file, text.replace(from, to));
      expect(orphans()).toEqual([]);
      expect(files()).toEqual([]);
    }
    writeFileSync(file, text);
    await end();
    expect(orphans()).toEqual([]);
    expect(files()).toEqual([]);
  });

  it.each([
    "",
    "{",
    "null",
    '{"worker":{}}',
    '{"worker":{"pid":-1,"queues":""},"manager":{"pid":1},"boot":""}',
  ])("throws away a file with %s, and no other", (text) => {
    mkdirSync(directory);
    writeFileSync(join(directory, "worker-1.json"), text);
    writeFileSync(join(directory, "other.json"), text);

    expect(orphans()).toEqual([]);
    expect(files()).toEqual(["other.json"]);
  });

  it("costs nobody anything on a disk that cannot be written", () => {
    writeFileSync(directory, "in the way");
    const roster = new Roster(directory, dead);
    roster.add({ pid, queues: "a" });
    roster.move(pid, "b");
    roster.delete(pid);
    roster[Symbol.dispose]();

    expect(orphans()).toEqual([]);
  });
});

const of = (identity: Parameters<typeof appDirectory>[0]) => appDirectory(identity, join(folder, "ganger"));

describe("the directory of an app", () => {
  const app = { app: "shop", broker: "redis://localhost", pidfile: undefined };
  const refused = expect.objectContaining({ code: "GANGER_POOL_FAILED" });

  it("is one for each name, broker and pidfile", () => {
    const pidfile = join(folder, "pids", "pool.pid");
    const all = [app, { ...app, app: "other" }, { ...app, broker: "sqlite:x" }, { ...app, pidfile }].map(of);

    expect(new Set(all).size).toBe(4);
    expect(of(app)).toBe(all[0]);
    expect(all[0]).toMatch(/\/ganger\/pool-[0-9a-f]{16}$/);
    expect(statSync(all[0] ?? "").mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "ganger")).mode & 0o777).toBe(0o700);
  });

  it("is not made for those who only look, and refused to them when it is another's", () => {
    const within = join(folder, "ganger");
    const look = () => findAppDirectory(app, within);
    const found = look();
    expect(existsSync(within)).toBe(false);
    expect(of(app)).toBe(found);
    expect(look()).toBe(found);

    rmSync(found, { recursive: true });
    symlinkSync(folder, found);
    expect(look).toThrow(refused);
  });

  it("is the same by whatever path to the pidfile", () => {
    const before = of({ ...app, pidfile: join(folder, "pids", "pool.pid") });
    mkdirSync(join(folder, "pids"));
    symlinkSync("pids", join(folder, "link"));

    expect(of({ ...app, pidfile: join(folder, "pids", "pool.pid") })).toBe(before);
    expect(of({ ...app, pidfile: join(folder, "link", "pool.pid") })).toBe(before);
  });

  it("is this user's alone", () => {
    chmodSync(of(app), 0o777);
    expect(statSync(of(app)).mode & 0o777).toBe(0o700);

    const elsewhere = of(app);
    rmSync(elsewhere, { recursive: true });
    mkdirSync(join(folder, "bait"));
    symlinkSync(join(folder, "bait"), elsewhere);
    expect(() => of(app)).toThrow(refused);
  });

  it.skipIf(process.getuid?.() !== 0)("is refused when it is another's", () => {
    chownSync(of(app), 1234, 1234);
    expect(() => of(app)).toThrow(refused);
    chownSync(join(folder, "ganger"), 1234, 1234);
    expect(() => of({ ...app, app: "new" })).toThrow(refused);
  });
});
