import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryOfHost } from "../../src/config/check/memory.ts";
import { findIdlePatterns, findUnserved } from "../../src/config/check/unserved.ts";
import { loadConfig } from "../../src/config/load.ts";

const GB = 1024 ** 3;

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-warnings-"));
});
afterEach(() => rm(cwd, { recursive: true }));

/** The warnings about keys below `workers`, from the second line on. */
async function warningsOf(text: string, memory = 1024 * GB): Promise<readonly string[]> {
  await writeFile(join(cwd, "ganger.yml"), `jobs: .\n${text}`);
  return (await loadConfig({ env: {}, cwd, memory })).warnings;
}

const starves = (line: number, list: string, queues: string, first: string) =>
  `ganger.yml:${line}: workers."${list}": ${queues} can starve: every worker takes from ${first} first, as long as it has jobs; give one a list that begins otherwise, or order: weighted`;

describe("a list that can starve", () => {
  it.each([
    ["workers: { 'a,b': 1 }", [starves(2, "a,b", "b", "a")]],
    ["workers:\n  'a,b , c': 2\n  c: 1", [starves(3, "a,b,c", "b", "a").replace("a,b,c", "a,b , c")]],
    ["workers: { 'a,b,c': 1, 'a,c,b': 1 }", [starves(2, "a,b,c", "b,c", "a")]],
    ["workers: { 'a,b': 1, b: 0 }", [starves(2, "a,b", "b", "a")]],
    ["workers: { 'a,b': 1, b: 1 }", []],
    ["workers: { 'a,b': 1, 'b,a': 1 }", []],
    ["workers: { 'a,b': { order: weighted } }", []],
    ["workers: { 'a,b': 1, 'c,b': { order: fair } }", []],
    ["workers: { 'a=3,b=1': { order: weighted } }", []],
    ["workers: { 'thumbs,*': 1 }", []],
    ["workers: { 'a,b': { exec: x } }", []],
    ["workers: { 'low_*,b': 1 }", [starves(2, "low_*,b", "b", "low_*")]],
  ])("is found in %s", async (yaml, expected) => {
    expect(await warningsOf(yaml)).toEqual(expected);
  });
});

it("keeps its line when a variable counts for the group, too", async () => {
  await writeFile(join(cwd, "ganger.yml"), "jobs: .\nworkers: { 'a,b': 1 }");
  const { warnings } = await loadConfig({ env: { GRACE_TIME: "9" }, cwd });

  expect(warnings).toEqual([starves(2, "a,b", "b", "a")]);
});

describe("more processes than memory allows", () => {
  it("are told by what the groups may take, and 60 MB where that is not known", async () => {
    expect(await warningsOf("workers: { a: { count: 3, memory: 1GB }, b: 2 }", 3 * GB)).toEqual([
      "ganger.yml:2: workers: 5 of them may take 3.1GB, and there are 3GB of memory",
    ]);
    expect(await warningsOf("workers: { a: { count: 3, memory: 1GB } }", 3 * GB)).toEqual([]);
    expect(await warningsOf("workers: { a: 20 }", GB)).toHaveLength(1);
    expect(await warningsOf("workers: { a: 10 }", GB)).toEqual([]);
  });

  it("are more than this host has", () => {
    expect(memoryOfHost()).toBeGreaterThan(64 * 1024 ** 2);
    expect(memoryOfHost()).toBeLessThan(2 ** 50);
  });
});

describe("times that are most likely not meant", () => {
  it.each([
    ["workers: { a: { stop: 0 } }", "workers.a.stop: jobs are aborted at once when a worker must stop"],
    ["workers: { a: { stop: 5s, grace: 1m } }", "workers.a.grace: is longer than stop: jobs have"],
    ["workers: { a: { stop: 1h, maxAge: 10m } }", "workers.a.maxAge: is shorter than stop"],
    ["workers: { a: { exec: x, maxJobs: 5 } }", "workers.a.maxJobs: has no effect on a program"],
    ["workers: { a: { exec: x, isolation: process } }", "workers.a.isolation: has no effect on a program"],
    ["preload: [pg]\nfork: never\nworkers: { a: 1 }", "preload: has no effect, as fork is never"],
    ["boot: 10ms\nworkers: { a: 1 }", "boot: is hardly enough for a process to start"],
    ["term: graceful\nsignals: { TERM: kill }\nworkers: { a: 1 }", "term: has no effect"],
  ])("%s", async (yaml, expected) => {
    expect(await warningsOf(yaml)).toEqual([expect.stringContaining(`ganger.yml:2: ${expected}`)]);
  });
});

describe("queues and workers that do not meet", () => {
  const groups = [
    { queues: "mail,reports_*", count: 2 },
    { queues: "thumbs", count: 0 },
  ];

  it("leaves queues that no worker serves", () => {
    expect(findUnserved(["mail", "thumbs", "reports_daily", "default", "default"], groups)).toEqual([
      "thumbs",
      "default",
    ]);
    expect(findUnserved(["x"], [{ queues: "*,!x", count: 1 }])).toEqual(["x"]);
    expect(findUnserved([], groups)).toEqual([]);
  });

  it("leaves patterns that match nothing that is known", () => {
    expect(findIdlePatterns(["mail"], groups)).toEqual([
      {
        path: ["workers", "mail,reports_*"],
        reason: "reports_* matches none of the queues that are known: mail",
      },
    ]);
    expect(findIdlePatterns(["mail"], [{ queues: "*,!low_*", count: 1 }])).toMatchObject([
      { path: ["workers", "*,!low_*"] },
    ]);
    expect(findIdlePatterns(["reports_daily"], groups)).toEqual([]);
    expect(findIdlePatterns(["mail"], [{ queues: "*", count: 1 }])).toEqual([]);
  });
});
