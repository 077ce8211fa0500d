import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LoadOptions, loadConfig } from "../../src/config/load.ts";
import { formatBytes, toBytes } from "../../src/job/size.ts";

const MB = 1024 ** 2;

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-groups-"));
});
afterEach(() => rm(cwd, { recursive: true }));

async function load(text: string, options: Partial<LoadOptions> = {}) {
  await writeFile(join(cwd, "ganger.yml"), text);
  return loadConfig({ env: {}, cwd, ...options });
}

/** The first group, of options that are written in one line. */
async function group(options: string, more: Partial<LoadOptions> = {}) {
  const { config } = await load(`workers: { mail: { ${options} } }`, more);
  return config.workers[0];
}

describe("toBytes", () => {
  it.each([
    [1024, 1024],
    ["10B", 10],
    ["1kB", 1024],
    ["1KB", 1024],
    ["1KiB", 1024],
    ["512MB", 512 * MB],
    ["150MiB", 150 * MB],
    ["1.5GB", 1536 * MB],
    ["1GiB", 1024 * MB],
    [-1, Number.NaN],
    [0.5, 1],
    [Number.POSITIVE_INFINITY, Number.NaN],
  ] as const)("%s is %d bytes", (size, expected) => {
    expect(toBytes(size)).toBe(expected);
  });

  it("is what formatBytes turns round", () => {
    expect(formatBytes(512 * MB)).toBe("512MB");
    expect(formatBytes(1536 * MB)).toBe("1.5GB");
  });
});

describe("a group", () => {
  it("stops and cleans up within times that may be hours", async () => {
    expect(await group("stop: 12h, grace: 1m")).toMatchObject({ stopMs: 43_200_000, graceMs: 60_000 });
    expect(await group("count: 1")).toMatchObject({ stopMs: 30_000, graceMs: 5000 });
  });

  it("is replaced by memory, jobs and age", async () => {
    expect(await group("memory: 512MB, maxJobs: 1000, maxAge: 1d")).toMatchObject({
      memory: { soft: 512 * MB, hard: 640 * MB },
      maxJobs: 1000,
      maxAgeMs: 86_400_000,
    });
    expect(await group("memory: 100MB, memoryHard: 1GB")).toMatchObject({
      memory: { soft: 100 * MB, hard: 1024 * MB },
    });
    expect(await group("memory: '${M}'", { env: { M: "200MB" } })).toMatchObject({
      memory: { soft: 200 * MB },
    });
    const bare = await group("count: 1");
    expect([bare?.memory, bare?.maxJobs, bare?.maxAgeMs, bare?.exec]).toEqual(Array(4).fill(undefined));
  });

  it.each([
    ["inline", { type: "inline" }],
    ["thread", { type: "thread" }],
    ["process", { type: "process", maxJobs: 1 }],
    ["{ type: process, memory: 300MB, maxJobs: 50 }", { type: "process", memory: 300 * MB, maxJobs: 50 }],
    ["{ type: thread, memory: 64MB }", { type: "thread", memory: 64 * MB }],
  ])("isolates its jobs as %s says", async (isolation, expected) => {
    expect((await group(`isolation: ${isolation}`))?.isolation).toEqual(expected);
  });

  it("runs a program, named in three ways", async () => {
    const signals = {
      drain: "SIGQUIT",
      abort: "SIGTERM",
      cut: "SIGUSR1",
      pause: "SIGUSR2",
      resume: "SIGCONT",
      readyMs: 1000,
    };

    expect((await group("exec: 'rake resque:work'"))?.exec).toEqual({
      command: "rake resque:work",
      ...signals,
    });
    expect((await group("exec: [rake, 'resque:work']"))?.exec).toEqual({
      command: ["rake", "resque:work"],
      ...signals,
    });
    expect((await group("exec: { command: sidekiq, drain: TSTP, abort: SIGINT, ready: 5s }"))?.exec).toEqual({
      ...signals,
      command: "sidekiq",
      drain: "SIGTSTP",
      abort: "SIGINT",
      readyMs: 5000,
    });
  });

  it("keeps its signals when an environment changes its command", async () => {
    const text =
      "workers: { a: { exec: { command: x, drain: INT } } }\nenvironments: { live: { workers: { a: { exec: y } } } }";
    const { config } = await load(text, { environment: "live" });

    expect(config.workers[0]?.exec).toMatchObject({ command: "y", drain: "SIGINT" });
  });

  it.each([
    ["memory: lots", /memory: must be bytes, 1MB at least, or a text such as "512MB"/],
    ["memory: 512", /memory: must be bytes, 1MB at least/],
    ["memoryHard: 1GB", /memoryHard: needs memory/],
    ["memory: 1GB, memoryHard: 1GB", /memoryHard: must be more than memory/],
    ["maxJobs: 0", /maxJobs: must be a whole number from 1/],
    ["maxAge: 10ms", /maxAge: must be 1s at least/],
    ["maxage: 1h", /maxage: is no option. Did you mean maxAge\?/],
    ["exec: ''", /exec\.command: must/],
    ["exec: []", /exec\.command: must/],
    ["exec: 5", /exec: must be a command, or a mapping with command/],
    ["exec: { drain: QUIT }", /exec\.command: must/],
    ["exec: { command: x, drain: QIUT }", /exec\.drain: is no signal of this system; did you mean QUIT\?/],
    ["exec: { command: x, dain: QUIT }", /exec\.dain: is no option. Did you mean drain\?/],
  ])("with %s is refused", async (options, expected) => {
    await expect(group(options)).rejects.toThrow(expected);
    await expect(group(options)).rejects.toThrow(/has a problem/);
  });
});

describe("GRACE_TIME and RESQUE_TERM_TIMEOUT", () => {
  it("count for all groups, above the file", async () => {
    const env = { GRACE_TIME: "300", RESQUE_TERM_TIMEOUT: "4.5" };
    const { config, values } = await load("workers: { a: { stop: 1m }, b: 2 }", { env });

    expect(config.workers).toMatchObject([
      { stopMs: 300_000, graceMs: 4500 },
      { stopMs: 300_000, graceMs: 4500 },
    ]);
    expect(values).toContainEqual({ key: "workers.a.stop", value: "300s", source: "GRACE_TIME" });
    expect(values).toContainEqual({ key: "workers.b.grace", value: "4.5s", source: "RESQUE_TERM_TIMEOUT" });
  });

  it("are not there when they are empty, and must be seconds", async () => {
    expect(await group("count: 1", { env: { GRACE_TIME: "" } })).toMatchObject({ stopMs: 30_000 });
    await expect(group("count: 1", { env: { GRACE_TIME: "5m" } })).rejects.toThrow(
      'GRACE_TIME: must be a number of seconds, and is "5m"',
    );
  });
});

describe("flags and variables of the manager", () => {
  it("count above the file, and are known by their names", async () => {
    const flags = {
      app: "shop",
      pidfile: false,
      lock: "l",
      term: "graceful",
      spawnDelay: 250,
      processGroup: "single",
      restart: { all: true },
      log: { format: "json", stdout: "o", stderr: "e" },
    } as const;
    const { config, values } = await load("app: a\npidfile: p\nlog: { stdout: x }", { flags });

    expect(config).toMatchObject({
      app: "shop",
      pidfile: undefined,
      lock: join(cwd, "l"),
      spawnDelayMs: 250,
      processGroup: "single",
      restart: { all: true, delayMs: 100 },
      log: { format: "json", stdout: join(cwd, "o"), stderr: join(cwd, "e") },
    });
    const sources = Object.fromEntries(values.map(({ key, source }) => [key, source]));
    expect(sources).toMatchObject({
      app: "--app",
      pidfile: "--no-pidfile",
      lock: "--lock",
      term: "--term",
      spawnDelay: "--spawn-delay",
      processGroup: "--single-process-group",
      "restart.all": "--restart-all",
      "log.stdout": "--stdout",
    });
  });

  it("come from the environment as well", async () => {
    const env = { GANGER_PIDFILE: "a.pid", GANGER_TERM: "immediate" };
    const { config } = await load("pidfile: b.pid", { env });

    expect(config).toMatchObject({ pidfile: join(cwd, "a.pid"), signals: { SIGTERM: ["immediate"] } });
    expect((await load("pidfile: b", { env: { GANGER_PIDFILE: "false" } })).config.pidfile).toBeUndefined();
  });

  it("name paths relative to where they are said", async () => {
    const { config } = await load("hooks: ./h.ts\nlock: l\npidfile: tmp/p\nlog: { stderr: log/e }");

    expect(config).toMatchObject({
      hooks: join(cwd, "h.ts"),
      lock: join(cwd, "l"),
      pidfile: join(cwd, "tmp/p"),
      log: { stderr: join(cwd, "log/e") },
    });
  });

  it.each([
    ["restart: { delay: 1m, max: 1s }", /restart\.delay: must not be longer than restart\.max/],
    ["restart: { all: often }", /restart\.all: must be true or false/],
    ["term: kill", /term: must be one of graceful, graceful-wait, immediate/],
    ["boot: 0", /boot: must be more than 0/],
    ["pidfile: true", /pidfile: must be a path, or false/],
    ["fork: sometimes", /fork: must be one of auto, never/],
    ["preload: ./heavy.js", /preload: must be a list of modules/],
    ["preload: ['']", /preload\.0: must not be empty/],
    ["processGroup: mine", /processGroup: must be one of own, single/],
    [
      "plan: { workers: 5 }",
      /ganger\.yml:1: plan: comes with the global plan of queues, not in this version/,
    ],
  ])("%s is refused", async (text, expected) => {
    await expect(load(text)).rejects.toThrow(expected);
  });
});

describe("the sample of the design", () => {
  it("is read, without a warning but for the folder that is not there", async () => {
    const { config, warnings } = await load(sample(), { environment: "production", memory: 16 * 1024 * MB });

    expect(config.workers.map(({ queues, count }) => [queues, count])).toEqual([
      ["mail", 2],
      ["thumbs,mail,*", 4],
      ["reports", 2],
    ]);
    expect(warnings).toEqual([expect.stringMatching(/jobs: .* does not exist/)]);
  });

  it("has one thing that this version refuses", async () => {
    await expect(load(`${sample("isolation: process, ")}\nplan: { workers: 5 }`)).rejects.toThrow(
      /has a problem:\n.*ganger\.yml:10: plan: comes with/,
    );
  });
});

/** The sample of DESIGN.md part 8 as far as this version has it. */
function sample(extra = ""): string {
  return [
    "app: shop",
    "broker: ${GANGER_BROKER:-sqlite:./ganger.db}",
    "jobs: ./jobs                    # modules",
    "workers:",
    "  mail: 2                       # queue list: number of workers",
    '  "thumbs,mail,*": 1',
    `  reports: { count: 2, ${extra}memory: 512MB, maxJobs: 1000, concurrency: 1, stop: 10m }`,
    "environments:",
    '  production: { workers: { "thumbs,mail,*": 4 } }',
  ].join("\n");
}
