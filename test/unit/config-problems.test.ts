import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { isGangerError } from "../../src/errors.ts";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-config-"));
});
afterEach(() => rm(cwd, { recursive: true }));

/** The lines of the error that a file makes, without its title. */
async function problemsOf(text: string, { name = "ganger.yml", env = {} } = {}): Promise<readonly string[]> {
  await writeFile(join(cwd, name), text);
  try {
    await loadConfig({ env, cwd, file: name });
  } catch (error) {
    if (!isGangerError(error, "GANGER_CONFIG_INVALID")) throw error;
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

async function warningsOf(text: string, env = {}): Promise<readonly string[]> {
  await writeFile(join(cwd, "ganger.yml"), text);
  return (await loadConfig({ env, cwd })).warnings;
}

describe("problems", () => {
  it("are told all at once, in the order of the file, one per line", async () => {
    const yaml = [
      "wrokers: { mail: 1 }",
      "workers:",
      "  mail: { concurency: 5, count: -1 }",
      "  bad name: 1",
      "heartbeat: { every: 6s }",
      "log: { level: loud }",
    ].join("\n");

    expect(await problemsOf(yaml)).toEqual([
      "ganger.yml:1: wrokers: is no option. Did you mean workers?",
      "ganger.yml:3: workers.mail.count: must be a whole number from 0 to 1000",
      "ganger.yml:3: workers.mail.concurency: is no option. Did you mean concurrency?",
      expect.stringMatching(/^ganger.yml:4: workers."bad name": "bad name" cannot name a queue/),
      "ganger.yml:5: heartbeat.every: must fit into heartbeat.ttl three times, or one slow report makes a worker count as dead",
      "ganger.yml:6: log.level: must be one of trace, debug, info, warn, error, fatal, silent",
    ]);
  });

  it.each([
    ["workers: 3", "ganger.yml:1: workers: must be a mapping of queue lists to numbers of workers"],
    ["workers: { a: many }", /^ganger.yml:1: workers.a: must be a whole number, or a mapping with count/],
    ["workers: { a: 1.5 }", "ganger.yml:1: workers.a.count: must be a whole number from 0 to 1000"],
    ["workers: { '': 1 }", /workers."": .*names no queue/],
    ["workers: { '!a': 1 }", /names no queue/],
    ["workers: { 'a, b': 1, 'a,b': 1 }", 'ganger.yml:1: workers."a,b": is the same queue list as "a, b"'],
    [
      "workers: { a: { isolation: vm } }",
      /isolation: must be one of inline, thread, process, or a mapping with type, memory and maxJobs/,
    ],
    [
      "workers: { a: { isolation: { type: process, memory: 1MB } } }",
      /isolation\.memory: must be 16MB at least/,
    ],
    ["workers: { a: { isolation: { type: thread, memory: lots } } }", /isolation\.memory: must be bytes, /],
    [
      "workers: { a: { isolation: { memory: 64MB } } }",
      /isolation\.type: must be one of inline, thread, process$/,
    ],
    [
      "workers: { a: { isolation: { type: thread, maxJobs: 0 } } }",
      /isolation\.maxJobs: must be a whole number from 1/,
    ],
    [
      "workers: { a: { isolation: { type: inline, maxJobs: 5 } } }",
      /isolation: cannot have memory or maxJobs of its own when it is inline/,
    ],
    [
      "workers: { a: { isolation: { type: process, memroy: 1GB } } }",
      /isolation\.memroy: is no option\. Did you mean memory\?/,
    ],
    [
      "workers: { a: { isolation: { type: process, cpu: 1 } } }",
      /is no option\. There is type, memory, maxJobs\./,
    ],
    ["workers: { a: { order: random } }", /order: must be one of strict, weighted, fair/],
    ["workers: { a: { stop: soon } }", /stop: must be milliseconds or a text/],
    ["workers: { a: { stop: -1 } }", /stop: must be milliseconds or a text/],
    ["heartbeat: { ttl: 2d }", /heartbeat.ttl: must be 1d at most/],
    ["retention: { completed: 5 }", /retention.completed: must be a mapping with a count/],
    ["broker: [a]", "ganger.yml:1: broker: must be a text"],
    ["broker: ./ganger.db", "ganger.yml:1: broker: must be a URL such as sqlite:./ganger.db"],
    ["jobs: { a: 1 }", "ganger.yml:1: jobs: must be a path or a list of paths"],
    ["app: ''", "ganger.yml:1: app: must not be empty"],
    ["environments: 5", /environments: is no option|environments: must/],
    ["environments: { x: 5 }", "ganger.yml:1: environments.x: must be a mapping of options"],
    ["environments: { x: { environments: {} } }", /environments.x.environments: is no option/],
    ["- a", "ganger.yml: must be a mapping of options, such as workers: and broker:"],
    ["app: a\napp: b", "ganger.yml:2: Map keys must be unique"],
    ["workers:\n  a: ]", /^ganger.yml:2: /],
    ["workers: { a: ${N} }", /in quotes/],
    ["app: ${}", /has a \$\{ that is neither/],
    ["app: *unknown", /unknown/],
  ])("of %j", async (yaml, expected) => {
    const problems = await problemsOf(yaml);

    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(expected);
  });

  it("are found in the environments that are not in force, too", async () => {
    const yaml = "environments:\n  production:\n    workers: { mail: lots }\n    log: { lvel: info }";

    expect(await problemsOf(yaml)).toEqual([
      expect.stringMatching(/^ganger.yml:3: environments.production.workers.mail: /),
      "ganger.yml:4: environments.production.log.lvel: is no option. Did you mean level?",
    ]);
  });

  it("name the variable that brought them, and no password", async () => {
    expect(await problemsOf("", { env: { GANGER_LOG_LEVEL: "loud" } })).toEqual([
      expect.stringMatching(/^GANGER_LOG_LEVEL: log.level: must be one of/),
    ]);
    expect((await problemsOf("", { env: { GANGER_BROKER: "//u:s3cr3t@h" } })).join()).not.toContain("s3cr3t");
  });

  it("have lines in JSON as well, and a reason where it is none", async () => {
    const name = "ganger.json";

    expect(await problemsOf('{\n  "wokers": {}\n}', { name })).toEqual([
      "ganger.json:2: wokers: is no option. Did you mean workers?",
    ]);
    expect(await problemsOf('{\n  "app": "x",\n}', { name })).toEqual([
      expect.stringMatching(/^ganger.json:3: .*JSON/),
    ]);
  });

  it("name a file of a kind that cannot be read", async () => {
    expect(await problemsOf("", { name: "ganger.toml" })).toEqual([
      expect.stringMatching(/must end in \.yml/),
    ]);
  });

  it("do not come from a bomb of aliases", async () => {
    const bomb = Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);

    expect(await problemsOf(["a0: &a0 [x]", ...bomb].join("\n"))).toHaveLength(1);
  });
});

describe("warnings", () => {
  it.each([
    ["workers: { a: 0 }", ["workers: there are none, so nothing will be run here"]],
    [
      "workers: { a: { concurrency: 501 } }",
      ["ganger.yml:2: workers.a.concurrency: 501 at a time is unusually high"],
    ],
    [
      "workers: { 'a,*,b,!c': 1 }",
      ['ganger.yml:2: workers."a,*,b,!c": b has no effect behind *, which matches every queue'],
    ],
    ["workers: { '*,b': { order: fair } }", []],
    ["workers: { 'a,*': 1 }", []],
  ])("of %j", async (yaml, expected) => {
    expect(await warningsOf(`jobs: .\n${yaml}`)).toEqual(expected);
  });

  it("tell of an environment that somebody named and nobody described", async () => {
    const yaml = "jobs: .\nworkers: { a: 1 }\nenvironments: { production: {} }";

    expect(await warningsOf(yaml, { GANGER_ENV: "prodution" })).toEqual([
      'environments: there is no section for "prodution"; did you mean production?',
    ]);
    expect(await warningsOf(yaml, { NODE_ENV: "test" })).toEqual([]);
  });

  it("tell of jobs that are not there", async () => {
    expect(await warningsOf("workers: { a: 1 }")).toEqual([`jobs: ${join(cwd, "jobs")} does not exist`]);
    expect(await warningsOf("workers: { a: 1 }\njobs: ./no\nhooks: ./no.ts")).toEqual([
      `ganger.yml:2: jobs: ${join(cwd, "no")} does not exist`,
      `ganger.yml:3: hooks: ${join(cwd, "no.ts")} does not exist`,
    ]);
  });
});
