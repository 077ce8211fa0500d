import { chownSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LineWriter } from "../../src/pool/host/line-writer.ts";
import { LogFile } from "../../src/pool/host/log-file.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-log-"));
  path = join(folder, "log", "out.log");
});
afterEach(() => rmSync(folder, { recursive: true }));

const failing = (text: string) =>
  expect.objectContaining({ code: "GANGER_LOG_FAILED", message: expect.stringContaining(text) });

describe("a log file", () => {
  it("is made with its folders, and appended to", () => {
    using one = new LogFile(path);
    using two = new LogFile(path);
    one.write("1\n");
    two.write("2\n");
    one.write("3\n");

    expect(readFileSync(path, "utf8")).toBe("1\n2\n3\n");
  });

  it("is opened anew only when it was moved or deleted", () => {
    using log = new LogFile(path);
    log.write("1\n");
    expect(log.reopen()).toBe("same");

    renameSync(path, `${path}.1`);
    log.write("2\n");
    expect(log.reopen()).toBe("reopened");
    log.write("3\n");
    expect(readFileSync(`${path}.1`, "utf8")).toBe("1\n2\n");
    expect(readFileSync(path, "utf8")).toBe("3\n");

    rmSync(join(folder, "log"), { recursive: true });
    expect(log.reopen()).toBe("reopened");
    log.write("4\n");
    expect(readFileSync(path, "utf8")).toBe("4\n");
    expect(log.reopen()).toBe("same");
  });

  it("goes on in the one that somebody else has made in its place", () => {
    using log = new LogFile(path);
    renameSync(path, `${path}.1`);
    writeFileSync(path, "new\n");

    expect(log.reopen()).toBe("reopened");
    log.write("1\n");
    expect(readFileSync(path, "utf8")).toBe("new\n1\n");
  });

  it.skipIf(process.geteuid?.() !== 0)("keeps its owner", () => {
    using log = new LogFile(path);
    chownSync(path, 1234, 4321);
    renameSync(path, `${path}.1`);
    log.reopen();

    expect(statSync(path)).toMatchObject({ uid: 1234, gid: 4321 });
  });

  it("that cannot be opened says so, and the old one goes on", () => {
    expect(() => new LogFile(folder)).toThrow(failing(folder));
    using log = new LogFile(path);
    renameSync(join(folder, "log"), join(folder, "moved"));
    writeFileSync(join(folder, "log"), "in the way");

    expect(() => log.reopen()).toThrow(failing(path));
    log.write("1\n");
    expect(readFileSync(join(folder, "moved", "out.log"), "utf8")).toBe("1\n");
  });

  it("on a full disk loses what it is given, and nothing else happens", () => {
    using log = new LogFile("/dev/full");
    log.write("1\n");
    log[Symbol.dispose]();
    log.write("2\n");

    expect(log.fd).toBe(-1);
  });
});

describe("a writer of lines", () => {
  const written: string[] = [];
  const writer = new LineWriter((bytes) => written.push(Buffer.from(bytes).toString()));
  const write = (text: string) => {
    written.length = 0;
    writer.write(Buffer.from(text));
    return [...written];
  };

  it("holds back what has no end, for a while", () => {
    expect(write("one\ntwo\nth")).toEqual(["one\ntwo\n"]);
    expect(write("re")).toEqual([]);
    expect(write("e\n")).toEqual(["three\n"]);
    expect(write("x".repeat(65_535))).toEqual([]);
    expect(write("y")).toEqual([`${"x".repeat(65_535)}y`]);
    expect(write("four")).toEqual([]);
    writer.flush();
    expect(written).toEqual(["four"]);
    writer.flush();
    expect(written).toEqual(["four"]);
  });
});
