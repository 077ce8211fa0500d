import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SCHEMA_VERSION } from "../../src/brokers/sqlite/schema.ts";
import { CliFolder } from "../support/cli.ts";

let folder: CliFolder;

beforeEach(async () => {
  folder = await CliFolder.create();
});

afterEach(() => folder[Symbol.asyncDispose]());

const migrate = (...argv: readonly string[]) => folder.run("migrate", "--broker", folder.url, ...argv);

describe("ganger migrate", () => {
  it("plans without touching anything, then does it, then has nothing to do", async () => {
    const plan = await migrate("--plan");
    expect(plan).toMatchObject({ code: 0, err: "" });
    expect(plan.out).toMatch(/^-- to version 1\n[^]*create table ganger_jobs[^]* to do from version 0\n$/);
    expect(existsSync(join(folder.path, "ganger.db"))).toBe(false);

    const done = await migrate();
    expect(done).toMatchObject({
      code: 0,
      out: expect.stringContaining(`schema version 0 → ${SCHEMA_VERSION}`),
    });
    const upToDate = { code: 0, out: `up to date: schema version ${SCHEMA_VERSION}\n` };
    expect(await migrate()).toMatchObject(upToDate);
    expect(await migrate("--plan")).toMatchObject(upToDate);
  });

  it("prints one document for programs", async () => {
    const { out } = await migrate("--json");
    expect(JSON.parse(out)).toEqual({
      from: 0,
      to: SCHEMA_VERSION,
      steps: Array.from({ length: SCHEMA_VERSION }, (_, n) => ({
        version: n + 1,
        statements: expect.any(String),
      })),
    });
  });

  it("takes the schema back when that is agreed to, and leaves it alone otherwise", async () => {
    await using broker = await folder.openBroker();
    await broker.enqueue([{ queue: "q", name: "n", payload: "1" }]);
    await broker[Symbol.asyncDispose]();
    folder.answer = "n";
    const refused = await migrate("--down", "0");
    expect(refused).toMatchObject({
      code: 1,
      out: "",
      err: expect.stringMatching(/deletes all jobs.*left alone\n$/s),
    });

    folder.answer = "y";
    expect(await migrate("--down", "0")).toMatchObject({
      code: 0,
      out: expect.stringContaining(`schema version ${SCHEMA_VERSION} → 0`),
    });
    expect(await migrate("--down", "0", "--yes")).toMatchObject({
      code: 0,
      out: "up to date: schema version 0\n",
    });
  });

  it("has nothing to do for a broker without a schema", async () => {
    for (const argv of [[], ["--plan"], ["--down", "0", "--yes"]])
      expect(await folder.run("migrate", "--broker", "memory:", ...argv)).toEqual({
        code: 0,
        out: "memory: has no schema: there is nothing to migrate\n",
        err: "",
      });
  });

  it("is what a configuration with migrate: false waits for, also for other commands", async () => {
    writeFileSync(join(folder.path, "ganger.yml"), "migrate: false");
    const before = await folder.run("queues");
    expect(before).toMatchObject({ code: 1, err: expect.stringContaining("[GANGER_BROKER_OLDER]") });
    expect(before.err).toContain("Run: ganger migrate --plan, then: ganger migrate\n");
    expect((await folder.run("migrate")).code).toBe(0);

    expect((await folder.run("queues")).code).toBe(0);
  });
});
