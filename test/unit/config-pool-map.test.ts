import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toPoolMap } from "../../src/config/file/pool-map.ts";
import { type LoadOptions, loadConfig } from "../../src/config/load.ts";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-pool-map-"));
});
afterEach(() => rm(cwd, { recursive: true }));

async function load(text: string, { file = "resque-pool.yml", ...options }: Partial<LoadOptions> = {}) {
  await writeFile(join(cwd, file), text);
  return loadConfig({ env: {}, cwd, file, ...options });
}

/** Queue lists and their counts. */
async function countsOf(text: string, options?: Partial<LoadOptions>) {
  const { config } = await load(text, options);
  return Object.fromEntries(config.workers.map(({ queues, count }) => [queues, count]));
}

/** The example of resque-pool's README. */
const EXAMPLE = 'foo: 1\nbar: 2\n"foo,bar,baz": 1\n\nproduction:\n  "foo,bar,baz": 4\n';

describe("a file of resque-pool or qless-pool", () => {
  it.each(["resque-pool.yml", "qless-pool.yml", "ganger.yml", "workers.yaml"])(
    "has 7 workers in production and 4 elsewhere in the example, as %s",
    async (file) => {
      const total = async (environment: string) => {
        const { config } = await load(EXAMPLE, { file, environment });
        return config.workers.reduce((sum, { count }) => sum + count, 0);
      };

      expect(await total("production")).toBe(7);
      expect(await total("development")).toBe(4);
      expect(await countsOf(EXAMPLE, { file, environment: "production" })).toEqual({
        foo: 1,
        bar: 2,
        "foo,bar,baz": 4,
      });
    },
  );

  it.each([
    [{ RACK_ENV: "production" }, 4],
    [{ RAILS_ENV: "production" }, 4],
    [{ RESQUE_ENV: "production" }, 4],
    [{ QLESS_ENV: "production" }, 4],
    [{}, 1],
  ])("is in the environment that %j says", async (env, expected) => {
    expect(await countsOf(EXAMPLE, { env })).toMatchObject({ "foo,bar,baz": expected });
  });

  it("may have nothing but environments, and what they share", async () => {
    const text =
      "defaults: &defaults\n  foo: 1\ndevelopment:\n  <<: *defaults\nproduction:\n  <<: *defaults\n  foo: 8";

    expect(await countsOf(text)).toEqual({ foo: 1 });
    expect(await countsOf(text, { environment: "production" })).toEqual({ foo: 8 });
    expect(await countsOf("live:\n  foo: 8", { environment: "live", file: "my.yml" })).toEqual({ foo: 8 });
  });

  it.each(["", "---\n", "# nothing\n", "{}"])("may be empty: %j", async (text) => {
    const { config, warnings } = await load(text);

    expect(config.workers).toEqual([]);
    expect(warnings).toContain("workers: there are none, so nothing will be run here");
  });

  it("takes counts that are digits in a text, or variables", async () => {
    expect(await countsOf('a: "3"\nb: ${B:-2}\nc:', { env: { B: "5" } })).toEqual({ a: 3, b: 5 });
  });

  it("has queues that are called as options are, since counts decide", async () => {
    expect(await countsOf("log: 2\njobs: 1\nterm: 1", { file: "ganger.yml" })).toEqual({
      log: 2,
      jobs: 1,
      term: 1,
    });
    expect(await countsOf("workers: 2\nboot: 1")).toEqual({ workers: 2, boot: 1 });
  });

  it("is doubted where a name is nearly that of an option, in a file that may well be one of options", async () => {
    const text = "mail: 1\nbrokre: 2\nproduction: { pidfiles: 1 }";

    expect((await load(text, { file: "ganger.yml" })).warnings).toContain(
      "ganger.yml:2: workers.brokre: is read as a queue. Did you mean broker? If not, put the queues under workers:",
    );
    expect((await load(text)).warnings.filter((warning) => warning.includes("brokre"))).toEqual([]);
    expect(await countsOf(text, { file: "ganger.yml" })).toEqual({ mail: 1, brokre: 2 });
    expect(await countsOf("wrokers: 1")).toEqual({ wrokers: 1 });
    await expect(load("wrokers: 1", { file: "ganger.yml" })).rejects.toThrow(
      "ganger.yml:1: wrokers: is no option. Did you mean workers?",
    );
  });

  it("drops mappings within an environment, as resque-pool does", async () => {
    const text = "a: 1\nproduction:\n  b: 2\n  us-east:\n    c: 3";

    expect(await countsOf(text, { environment: "production" })).toEqual({ a: 1, b: 2 });
  });

  it("has lines for its problems and its values", async () => {
    const text = "a: 1\nb: many\nproduction:\n  c: -1";

    await expect(load(text)).rejects.toThrow(
      /resque-pool\.yml:2: workers\.b: .*\n.*resque-pool\.yml:4: environments\.production\.workers\.c\.count: must/,
    );
    expect((await load(EXAMPLE)).values).toContainEqual({
      key: "workers.bar.count",
      value: 2,
      source: "resque-pool.yml:2",
    });
  });

  it("says that ERB is not run, and what to write instead", async () => {
    const text = [
      "# <%= not looked at %>",
      'foo: <%= ENV["FOO"] || 2 %>',
      "bar: <%= ENV.fetch('BAR', 3) %>",
      "baz: <%= ENV['BAZ'] %>",
      "<% if x %>",
    ].join("\n");

    await expect(load(text)).rejects.toThrow(
      [
        "resque-pool.yml:2: ERB is not run; instead of <% … %> write ${FOO:-2}",
        "resque-pool.yml:3: ERB is not run; instead of <% … %> write ${BAR:-3}",
        "resque-pool.yml:4: ERB is not run; instead of <% … %> write ${BAZ}",
        "resque-pool.yml:5: ERB is not run; instead of <% … %> write the value, or a variable with a fallback: ${NAME:-2}",
      ].join("\n  "),
    );
  });
});

describe("no file of resque-pool", () => {
  it.each([
    {},
    { wrokers: { mail: 2 } },
    { queues: { mail: 2 } },
    { workers: { mail: 2 } },
    { workers: 3 },
    { environments: 5 },
    { workers: { mail: 2 }, mail: 2 },
    { boot: 60, spawnDelay: 5 },
    { app: "shop", mail: 2 },
    { restart: { delay: 100 }, mail: 2 },
    { restrat: { delay: 100 }, mail: 2 },
    { mail: "lots" },
    { production: { workers: { mail: "2 of them" }, log: "x" } },
    { wrokers: 1 },
    { wrokers: "2", pid_file: 1 },
    [1],
    null,
  ])("is %j", (data) => {
    expect(toPoolMap(data, "/app/ganger.yml", "development")).toBeUndefined();
  });

  it("is one of ganger that is named as such", () => {
    expect(toPoolMap({ workers: { mail: 2 } }, "/app/resque-pool.yml", "test")).toBeUndefined();
  });
});
