import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_PRUNE_BOUNDS } from "../../src/broker/maintenance.ts";
import { type LoadOptions, loadConfig } from "../../src/config/load.ts";
import { defaultSignals } from "../../src/config/signal-table.ts";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-config-"));
});
afterEach(() => rm(cwd, { recursive: true }));

/** Writes files and loads the configuration there. */
async function load(files: Record<string, string>, options: Partial<LoadOptions> = {}) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(cwd, name)), { recursive: true });
    await writeFile(join(cwd, name), text);
  }
  return loadConfig({ env: {}, cwd, ...options });
}

describe("loadConfig", () => {
  it("makes a second broker for documents a part of the URL of an amqp: broker, and of no other", async () => {
    const files = { "ganger.yml": "broker: amqp://host?prefix=a\nstore: sqlite:./plan.db" };
    const { config } = await load(files);

    expect(new URL(config.broker).searchParams.get("store")).toBe(`sqlite:${join(cwd, "plan.db")}`);
    await expect(load({ "ganger.yml": "store: sqlite:./plan.db" })).rejects.toThrow("is for an amqp: broker");
  });

  it("fills in defaults, makes milliseconds and absolute paths, and freezes it all", async () => {
    const { config } = await load({ "ganger.yml": "app: shop\nworkers: { mail: 2 }" });

    expect(config).toEqual({
      file: join(cwd, "ganger.yml"),
      environment: "development",
      app: "shop",
      broker: `sqlite:${join(cwd, "ganger.db")}`,
      jobs: [join(cwd, "jobs")],
      workers: [
        {
          queues: "mail",
          count: 2,
          concurrency: 10,
          order: "strict",
          isolation: { type: "inline" },
          stopMs: 30_000,
          graceMs: 5000,
        },
      ],
      retention: DEFAULT_PRUNE_BOUNDS,
      heartbeat: { everyMs: 5000, ttlMs: 15_000 },
      log: { level: "info", format: "text" },
      migrate: true,
      fork: "auto",
      preload: [],
      signals: defaultSignals("graceful-wait"),
      spawnDelayMs: 0,
      bootMs: 60_000,
      restart: { delayMs: 100, maxMs: 30_000, stableMs: 10_000, all: false },
      processGroup: "own",
    });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.workers[0])).toBe(true);
  });

  it("survives being handed to another process", async () => {
    const { config } = await load({ "ganger.yml": "workers: { mail: 2 }" });

    expect(structuredClone(config)).toEqual(config);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
  });

  it("looks for modules to preload beside the file, and for packages by their name", async () => {
    const { config } = await load({
      "ganger.yml": "fork: never\npreload: [./heavy.ts, ../shared.js, /opt/more.js, lodash, '@scope/app']",
    });

    expect(config.fork).toBe("never");
    expect(config.preload).toEqual([
      join(cwd, "heavy.ts"),
      join(cwd, "../shared.js"),
      "/opt/more.js",
      "lodash",
      "@scope/app",
    ]);
    const env = { GANGER_FORK: "never" };
    expect((await load({ "ganger.yml": "fork: auto" }, { env })).config.fork).toBe("never");
  });

  it("says whether the schema is migrated: by the file, a variable or a flag", async () => {
    const yaml = { "ganger.yml": "migrate: false" };

    expect((await load({ "ganger.yml": "app: x" })).config.migrate).toBe(true);
    expect((await load(yaml)).config.migrate).toBe(false);
    expect((await load(yaml, { env: { GANGER_MIGRATE: "true" } })).config.migrate).toBe(true);
    const { config, values } = await load({ "ganger.yml": "migrate: true" }, { flags: { migrate: false } });
    expect(config.migrate).toBe(false);
    expect(values.find(({ key }) => key === "migrate")).toMatchObject({ source: "--no-migrate" });
    await expect(load(yaml, { env: { GANGER_MIGRATE: "no" } })).rejects.toThrow("must be true or false");
  });

  it("takes paths of a file relative to it, those of flags and variables relative to where one is", async () => {
    const yaml = { "etc/my.yml": "broker: sqlite:../data/a.db\njobs: [./jobs, ../more.ts]" };
    const file = "etc/my.yml";

    const { config } = await load(yaml, { file });
    expect(config.broker).toBe(`sqlite:${join(cwd, "data/a.db")}`);
    expect(config.jobs).toEqual([join(cwd, "etc/jobs"), join(cwd, "more.ts")]);
    expect(config.app).toBe("etc");

    const env = { GANGER_BROKER: "sqlite:b.db?synchronous=normal", GANGER_JOBS: "x,y" };
    const { config: other } = await load(yaml, { file, env });
    expect(other.broker).toBe(`sqlite:${join(cwd, "b.db")}?synchronous=normal`);
    expect(other.jobs).toEqual([join(cwd, "x"), join(cwd, "y")]);
  });

  it("lets the environment's section count over the file, and merges workers by queue list", async () => {
    const yaml = [
      "workers:",
      "  mail: { count: 1, concurrency: 5 }",
      "  thumbs: 3",
      "environments:",
      "  production: { workers: { mail: 4, reports: 1 }, log: { level: warn } }",
    ].join("\n");

    const { config } = await load({ "ganger.yml": yaml }, { environment: "production" });
    expect(config.workers.map(({ queues, count, concurrency }) => [queues, count, concurrency])).toEqual([
      ["mail", 4, 5],
      ["thumbs", 3, 10],
      ["reports", 1, 10],
    ]);
    expect(config.log).toEqual({ level: "warn", format: "text" });
  });

  it.each([
    [{ GANGER_ENV: "a", NODE_ENV: "b" }, undefined, "a"],
    [{ NODE_ENV: "b" }, undefined, "b"],
    [{ GANGER_ENV: "", NODE_ENV: "" }, undefined, "development"],
    [{ NODE_ENV: "b", RACK_ENV: "c", RAILS_ENV: "d" }, undefined, "b"],
    [{ RACK_ENV: "c", RAILS_ENV: "d" }, undefined, "c"],
    [{ RAILS_ENV: "d", RESQUE_ENV: "e" }, undefined, "d"],
    [{ RESQUE_ENV: "e", QLESS_ENV: "f" }, undefined, "e"],
    [{ QLESS_ENV: "f" }, undefined, "f"],
    [{ GANGER_ENV: "a", NODE_ENV: "b" }, "c", "c"],
  ])("in %j with the flag %s is in the environment %s", async (env, environment, expected) => {
    const { config } = await load({ "ganger.yml": "" }, { env, environment });

    expect(config.environment).toBe(expected);
  });

  it("knows which source each value comes from, from default to flag", async () => {
    const yaml =
      "app: a\nbroker: sqlite:a\nlog:\n  level: warn\nenvironments:\n  test: { broker: sqlite:b, app: b }";
    const sourceOf = async (options: Partial<LoadOptions>, key: string) =>
      (await load({ "ganger.yml": yaml }, options)).values.find((value) => value.key === key);

    expect(await sourceOf({}, "heartbeat.ttl")).toMatchObject({ value: "15s", source: "default" });
    expect(await sourceOf({}, "log.level")).toMatchObject({ value: "warn", source: "ganger.yml:4" });
    expect(await sourceOf({ environment: "test" }, "app")).toMatchObject({
      value: "b",
      source: "ganger.yml:6",
    });
    const env = { GANGER_APP: "c", GANGER_BROKER: "sqlite:c" };
    expect(await sourceOf({ environment: "test", env }, "app")).toMatchObject({
      value: "c",
      source: "GANGER_APP",
    });
    const flags = { broker: "sqlite:d" };
    expect(await sourceOf({ environment: "test", env, flags }, "broker")).toMatchObject({
      value: "sqlite:d",
      source: "--broker",
    });
  });

  it("never shows a password", async () => {
    const { config, values } = await load({ "ganger.yml": "broker: redis://ganger:s3cr3t@db/0" });

    expect(config.broker).toContain("s3cr3t");
    expect(JSON.stringify(values)).not.toContain("s3cr3t");
  });
});

describe("finding the file", () => {
  it.each([
    [["ganger.yml", "ganger.json"], "ganger.yml"],
    [["ganger.json", "config/ganger.yml"], "ganger.json"],
    [["config/ganger.yml", "resque-pool.yml"], "config/ganger.yml"],
    [["resque-pool.yml", "config/resque-pool.yml"], "resque-pool.yml"],
    [["config/resque-pool.yml", "qless-pool.yml"], "config/resque-pool.yml"],
    [["config/qless-pool.yml"], "config/qless-pool.yml"],
  ])("of %j takes %s", async (names, expected) => {
    const { config } = await load(Object.fromEntries(names.map((name) => [name, "{}"])));

    expect(config.file).toBe(join(cwd, expected));
  });

  it("takes the flag before GANGER_CONFIG before what lies there", async () => {
    const files = { "ganger.yml": "", "a.yml": "", "b.json": "{}" };
    const env = { GANGER_CONFIG: "a.yml" };

    expect((await load(files, { env })).config.file).toBe(join(cwd, "a.yml"));
    expect((await load(files, { env, file: "b.json" })).config.file).toBe(join(cwd, "b.json"));
  });

  it("names an application by the folder above config/", async () => {
    const { config } = await load({ "shop/config/ganger.yml": "" }, { file: "shop/config/ganger.yml" });

    expect(config.app).toBe("shop");
  });

  it("says how to get one when there is none", async () => {
    await expect(load({})).rejects.toThrow(
      expect.objectContaining({
        code: "GANGER_CONFIG_MISSING",
        hint: expect.stringContaining("ganger init"),
      }),
    );
    await expect(load({}, { env: { GANGER_CONFIG: "no.yml" } })).rejects.toThrow(
      expect.objectContaining({
        code: "GANGER_CONFIG_MISSING",
        message: expect.stringContaining("GANGER_CONFIG"),
      }),
    );
  });

  it("does without where it may", async () => {
    const { config } = await load({}, { optional: true, flags: { broker: "memory:" } });

    expect(config).toMatchObject({ file: undefined, broker: "memory:" });
  });
});

describe("variables in values", () => {
  it("are replaced, in numbers too", async () => {
    const yaml = [
      "app: ${A}-${B:-b}",
      "workers:",
      "  mail: ${N:-3}",
      "  x: { count: 1, stop: '${STOP}' }",
      "jobs: ['${D}/one', '$${D}']",
    ].join("\n");
    const { config } = await load({ "ganger.yml": yaml }, { env: { A: "a", B: "", STOP: "5s", D: "d" } });

    expect(config.app).toBe("a-b");
    expect(config.workers).toMatchObject([{ count: 3 }, { stopMs: 5000 }]);
    expect(config.jobs).toEqual([join(cwd, "d/one"), join(cwd, "${D}")]);
  });

  it("must be set, but only where they count", async () => {
    const yaml =
      "broker: ${URL}\nenvironments: { test: { broker: sqlite:t }, production: { app: '${APP}' } }";

    await expect(load({ "ganger.yml": yaml })).rejects.toThrow(
      /ganger\.yml:1: broker: needs the variable URL/,
    );
    const { config } = await load({ "ganger.yml": yaml }, { environment: "test" });
    expect(config.broker).toBe(`sqlite:${join(cwd, "t")}`);
    const { config: other } = await load({ "ganger.yml": yaml }, { env: { GANGER_BROKER: "memory:" } });
    expect(other.broker).toBe("memory:");
  });

  it("do not count in what variables and flags say themselves", async () => {
    const { config } = await load({ "ganger.yml": "" }, { env: { GANGER_APP: "${HOME}" } });

    expect(config.app).toBe("${HOME}");
  });
});
