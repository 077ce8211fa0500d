import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HostProgram } from "../fixtures/host-program.ts";
import { eventually } from "../support/eventually.ts";

const RACERS = 4;
const FREE_PID = 2 ** 22 + 1;

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ganger-pidfile-"));
  file = join(folder, "pool.pid");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("of several processes that start at once", () => {
  it.each([
    ["without a pidfile", undefined],
    ["with one of a dead process", `${FREE_PID}\n`],
    ["with an empty one", ""],
  ])("%s exactly one wins", async (_, left) => {
    for (let round = 0; round < 2; round++) {
      if (left !== undefined) writeFileSync(file, left);
      const racers = Array.from({ length: RACERS }, () => new HostProgram("host-pidfile", file));
      for (const racer of racers) await racer.said("here");
      for (const { child } of racers) child.stdin.write("go");
      const results = () => racers.map(({ out }) => out.trim().split("\n").at(-1) ?? "");
      await eventually(results().join, () => results().every((result) => result !== "here"));

      const winner = racers[results().indexOf("won")];
      expect(results().sort()).toEqual([...Array(RACERS - 1).fill("GANGER_PIDFILE_TAKEN"), "won"]);
      expect(readFileSync(file, "utf8")).toBe(`${winner?.child.pid}\n`);
      for (const racer of racers) await racer.end();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("no two have it at any time, whatever is left behind", async () => {
    const racers = Array.from({ length: RACERS }, () => new HostProgram("host-pidfile", file, "100"));
    for (const racer of racers) await racer.said("here");
    for (const { child } of racers) child.stdin.write("go");
    for (const racer of racers) await racer.end();

    expect(racers.map(({ out }) => out)).toEqual(Array(RACERS).fill("here\nwon\n"));
  });

  it("a killed one's is free for the next", async () => {
    const first = new HostProgram("host-pidfile", file);
    first.child.stdin.write("go");
    await first.said("won");
    first.child.kill("SIGKILL");
    await first.ended;
    expect(readdirSync(folder)).toEqual(["pool.pid"]);

    const second = new HostProgram("host-pidfile", file);
    second.child.stdin.write("go");
    await second.said("won");
    await second.end();
  });
});
