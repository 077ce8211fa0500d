import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Pipe } from "../../src/pool/host/pipe.ts";
import { HostProgram } from "../fixtures/host-program.ts";
import { eventually } from "../support/eventually.ts";

let folder: string;
let out: string;
let err: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-pump-"));
  out = join(folder, "out.log");
  err = join(folder, "err.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
const linesOf = (text: string) => text.split("\n").slice(0, -1);
const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

/** Lines by writer, in the order in which they are. A whole one counts by its number. */
function numbers(text: string, writer: number, length: number): readonly (number | string)[] {
  const lines = linesOf(text).filter((line) => line.startsWith(`${writer} `));
  return lines.map((line) => {
    const [, number = "", filling = ""] = line.split(" ");
    return filling.length === length ? Number(number) : line.slice(0, 40);
  });
}

function expectAll(text: string, writers: number, lines: number, length: number): void {
  const all = Array.from({ length: lines }, (_, number) => number);
  for (let writer = 0; writer < writers; writer++) expect(numbers(text, writer, length)).toEqual(all);
  expect(linesOf(text)).toHaveLength(writers * lines);
}

async function start(...args: readonly string[]) {
  const program = new HostProgram("host-pump", ...args);
  await program.said("started");
  const line = linesOf(program.out).find((text) => text.includes("started")) ?? "";
  const { pump, writers }: { pump: number; writers: number[] } = JSON.parse(line);
  return { program, pump, writers };
}

describe("a pipe", () => {
  it("can be opened to write until the process has its own, however soon it is read", () => {
    using pipe = new Pipe();
    const open = () => closeSync(openSync(`/proc/self/fd/${pipe.writer}`, "w"));
    pipe.read();
    open();
    pipe.taken();
    expect(open).toThrow("ENOENT");
  });
});

describe("a log pump", () => {
  it("loses and tears no line of several writers while the files are moved away", async () => {
    const { program, pump } = await start(out, err, "2", "400", "2000");
    for (let round = 1; round <= 3; round++) {
      await eventually("something is written", () => read(out) !== "" && read(err) !== "");
      for (const file of [out, err]) renameSync(file, `${file}.${round}`);
      program.child.kill("SIGHUP");
      await eventually(
        () => `both are opened anew: ${program.out}`,
        () => program.out.split(`"files":["${out}","${err}"]`).length === round + 1,
      );
    }
    await program.end();

    for (const file of [out, err]) {
      const parts = [1, 2, 3].map((round) => `${file}.${round}`);
      for (const part of parts) expect(read(part)).toMatch(/\n$/);
      expectAll([...parts, file].map(read).join(""), 2, 400, 2000);
    }
    expect(isAlive(pump)).toBe(false);
  });

  it("writes two streams to one file line by line", async () => {
    const { program } = await start(out, out, "2", "100", "5000");
    await program.end();

    const both = Array.from({ length: 200 }, (_, index) => Math.floor(index / 2));
    for (const writer of [0, 1]) {
      const found = numbers(read(out), writer, 5000);
      expect(found.toSorted((a, b) => Number(a) - Number(b))).toEqual(both);
    }
  });

  it("writes one stream where only one is wanted", async () => {
    const { program } = await start(out, "", "1", "10", "10");
    await program.end();

    expectAll(read(out), 1, 10, 10);
  });

  it("outlives a manager that is killed, until the last writer has ended", async () => {
    const { program, pump } = await start(out, err, "2", "300", "100");
    await eventually("something is written", () => read(out) !== "");
    program.child.kill("SIGKILL");
    process.kill(pump, "SIGTERM");
    process.kill(pump, "SIGINT");
    renameSync(out, `${out}.1`);
    process.kill(pump, "SIGHUP");

    await eventually("it ends", () => !isAlive(pump));
    expectAll(read(`${out}.1`) + read(out), 2, 300, 100);
    expect(read(out)).not.toBe("");
    expectAll(read(err), 2, 300, 100);
  });

  it("that is killed has a successor, and its writers go on", async () => {
    const { program, pump } = await start(out, err, "2", "400", "2000");
    await eventually("something is written", () => read(out) !== "");
    process.kill(pump, "SIGKILL");
    await program.said(`{"type":"exit","code":null,"signal":"SIGKILL"}`);
    await program.end();

    expect(program.child.exitCode).toBe(0);
    for (const file of [out, err]) {
      const found = [0, 1].map((writer) => numbers(read(file), writer, 2000));
      expect(found.map((all) => all.at(-1))).toEqual([399, 399]);
      // What it had read and not yet written: what a pipe holds, and as much of a line without an end.
      expect(found.flat().length).toBeGreaterThan(800 - (2 * 65_536) / 2000 - 2);
    }
  });

  it("that cannot open its file says so at once", async () => {
    const program = new HostProgram("host-pump", folder, "", "0");
    await program.ended;

    expect(program.err).toContain("GANGER_LOG_FAILED");
  });

  it("that cannot open it later says so, and goes on in the old one", async () => {
    const log = join(folder, "log");
    const { program } = await start(join(log, "out.log"), "", "1", "200", "10");
    await eventually("something is written", () => read(join(log, "out.log")) !== "");
    renameSync(log, join(folder, "moved"));
    renameSync(join(folder, "moved", "out.log"), join(folder, "log"));
    program.child.kill("SIGHUP");
    await program.said("GANGER_LOG_FAILED");
    await program.end();

    expectAll(read(log), 1, 200, 10);
  });
});
