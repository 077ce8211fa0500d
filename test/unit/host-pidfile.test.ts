import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Pidfile } from "../../src/pool/host/pidfile.ts";

const FREE_PID = 2 ** 22 + 1; // above the greatest that Linux gives out

let folder: string;
let file: string;
let warnings: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-pidfile-"));
  file = join(folder, "pool.pid");
  warnings = [];
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const claim = (replace?: number) =>
  Pidfile.claim(file, { warn: (message) => warnings.push(message), replace });
const content = () => readFileSync(file, "utf8");
const own = `${process.pid}\n`;

function refuseProbes(code: string): void {
  vi.spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error(code), { code });
  });
}

function writeLongAgo(pid: number): void {
  writeFileSync(file, `${pid}\n`);
  utimesSync(file, new Date("2020-01-01"), new Date("2020-01-01"));
}

describe("a pidfile whose pid was given out again", () => {
  it("to what is younger and no manager is replaced", () => {
    const other = spawn("sleep", ["600"], { stdio: "ignore" });
    onTestFinished(() => void other.kill("SIGKILL"));
    writeLongAgo(other.pid ?? 0);
    using _ = claim();

    expect(content()).toBe(own);
  });

  it("to what may be a manager is refused, and says how to see to it", () => {
    const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 600_000)"], { stdio: "ignore" });
    onTestFinished(() => void other.kill("SIGKILL"));
    writeLongAgo(other.pid ?? 0);

    expect(claim).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(`If ${other.pid} is no pool`) }),
    );
  });
});

describe("a pidfile", () => {
  it("is made with its folders, and goes in the end", () => {
    file = join(folder, "tmp", "pids", "pool.pid");
    {
      using _ = claim();
      expect(content()).toBe(own);
      expect(readdirSync(join(folder, "tmp", "pids"))).toEqual(["pool.pid"]);
    }
    expect(readdirSync(join(folder, "tmp", "pids"))).toEqual([]);
  });

  it.each([
    ["of a dead process", `${FREE_PID}\n`],
    ["of our own pid, as in a container that was started again", own],
    ["with zero", "0"],
    ["with a negative number", "-1\n"],
    ["with other text", "what?\n12"],
    ["with more than a pid can be", "99999999999"],
    ["that is empty", ""],
  ])("%s is replaced", (_, text) => {
    writeFileSync(file, text);
    using pidfile = claim();
    pidfile.take();

    expect(content()).toBe(own);
    expect(readdirSync(folder)).toEqual(["pool.pid"]);
    expect(warnings).toEqual([]);
  });

  it("of a living process is refused, and says what to do", () => {
    writeFileSync(file, `${process.ppid}\n`);

    expect(() => claim()).toThrow(
      expect.objectContaining({
        code: "GANGER_PIDFILE_TAKEN",
        message: `Pidfile already exists at ${file} and process ${process.ppid} is still running`,
        hint: expect.stringContaining(`kill -TERM ${process.ppid}`),
      }),
    );
    expect(content()).toBe(`${process.ppid}\n`);
    expect(readdirSync(folder)).toEqual(["pool.pid"]);
  });

  it.each([
    ["that belongs to another user counts as running", "EPERM", []],
    ["that cannot be probed counts as running, with a warning", "EIO", [expect.stringContaining("EIO")]],
  ])("of a process %s", (_, code, said) => {
    writeFileSync(file, `${FREE_PID}`);
    refuseProbes(code);

    expect(() => claim()).toThrow(expect.objectContaining({ code: "GANGER_PIDFILE_TAKEN" }));
    expect(warnings).toEqual(said);
  });

  it.skipIf(process.platform !== "linux")(
    "of a process that ended and was not waited for is replaced",
    async () => {
      const parent = spawn("python3", [
        "-c",
        "import os,sys\np=os.fork()\nif p==0: os._exit(0)\nos.waitid(os.P_PID,p,os.WEXITED|os.WNOWAIT)\nprint(p,flush=True)\nsys.stdin.read()",
      ]);
      const [zombie] = await once(createInterface(parent.stdout), "line");
      writeFileSync(file, String(zombie));
      using _ = claim();

      expect(content()).toBe(own);
      parent.stdin.end();
      await once(parent, "exit");
    },
  );

  it("that is another's by now stays", () => {
    const pidfile = claim();
    writeFileSync(file, "1\n");
    pidfile[Symbol.dispose]();

    expect(content()).toBe("1\n");
  });

  it("that was deleted or whose folder was does no harm in the end", () => {
    const pidfile = claim();
    rmSync(file);
    pidfile[Symbol.dispose]();
    pidfile[Symbol.dispose]();

    file = join(folder, "deep", "pool.pid");
    const other = claim();
    rmSync(join(folder, "deep"), { recursive: true });
    other[Symbol.dispose]();
    expect(existsSync(file)).toBe(false);
  });

  it("that cannot be written says so", () => {
    mkdirSync(file);

    expect(() => claim()).toThrow(
      expect.objectContaining({ code: "GANGER_POOL_FAILED", message: expect.stringContaining(file) }),
    );
    expect(readdirSync(folder)).toEqual(["pool.pid"]);
  });
});

describe("a pidfile that is handed over", () => {
  it("has the old pid until it is taken", () => {
    writeFileSync(file, `${process.ppid}\n`);
    using pidfile = claim(process.ppid);
    expect(content()).toBe(`${process.ppid}\n`);

    pidfile.take();
    expect(content()).toBe(own);
    expect(readdirSync(folder)).toEqual(["pool.pid"]);
  });

  it("stays with the old one when it was never taken", () => {
    writeFileSync(file, `${process.ppid}\n`);
    claim(process.ppid)[Symbol.dispose]();

    expect(content()).toBe(`${process.ppid}\n`);
  });

  it("is taken when the old one is gone already", () => {
    writeFileSync(file, `${process.ppid}\n`);
    using pidfile = claim(process.ppid);
    rmSync(file);
    pidfile.take();

    expect(content()).toBe(own);
  });

  it("is refused when a third has it", () => {
    writeFileSync(file, `${process.ppid}\n`);

    expect(() => claim(FREE_PID)).toThrow(expect.objectContaining({ code: "GANGER_PIDFILE_TAKEN" }));
    using pidfile = claim(process.ppid);
    writeFileSync(file, "1\n");
    expect(() => pidfile.take()).toThrow(expect.objectContaining({ code: "GANGER_PIDFILE_TAKEN" }));
  });
});
