import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { CliFolder } from "../support/cli.ts";

let folder: CliFolder;

beforeEach(async () => {
  folder = await CliFolder.create();
});
afterEach(() => folder[Symbol.asyncDispose]());

describe("init", () => {
  beforeEach(() => writeFile(join(folder.path, "package.json"), '{ "type": "module" }'));

  it("writes what can be checked at once, without a warning", async () => {
    const { code, out } = await folder.run("init");

    expect(code).toBe(0);
    expect(out).toMatch(/ganger\.yml\n.*jobs\/hello\.ts\n.*test\/hello\.test\.ts\n\nNext:/);
    expect((await loadConfig({ env: {}, cwd: folder.path })).warnings).toEqual([]);
    expect(await folder.run("check")).toMatchObject({ code: 0, err: "" });
  });

  it("writes modules that are ES modules in any package", async () => {
    await writeFile(join(folder.path, "package.json"), '{ "type": "commonjs" }');

    const { out } = await folder.run("init", "--json");

    expect(JSON.parse(out)).toMatchObject({ files: ["ganger.yml", "jobs/hello.mts", "test/hello.test.mts"] });
    expect(await readFile(join(folder.path, "test/hello.test.mts"), "utf8")).toContain("../jobs/hello.mts");
  });

  it("writes into a folder that is yet to be made, and says so in JSON", async () => {
    const { out } = await folder.run("init", "my/app", "--json");

    expect(JSON.parse(out)).toEqual({
      folder: join(folder.path, "my/app"),
      files: ["ganger.yml", "jobs/hello.ts", "test/hello.test.ts"],
    });
  });

  it("overwrites nothing, and writes nothing else then", async () => {
    const mine = join(folder.path, "ganger.yml");
    await writeFile(mine, "app: mine");

    const { code, err } = await folder.run("init");
    expect(code).toBe(1);
    expect(err).toMatch(/^ganger\.yml is there already; nothing was written\n.*\n\[GANGER_FILE_EXISTS\]\n$/);
    expect(await readFile(mine, "utf8")).toBe("app: mine");
    await expect(readFile(join(folder.path, "jobs/hello.ts"))).rejects.toThrow("ENOENT");
  });
});

describe("check", () => {
  it("refuses a broker that there is none of, without its password", async () => {
    await writeFile(join(folder.path, "ganger.yml"), "broker: nats://u:s3cret@h\nworkers: { a: 1 }");

    const { code, err } = await folder.run("check");
    expect(code).toBe(1);
    expect(err).toContain("[GANGER_URL_INVALID]");
    expect(err).not.toContain("s3cret");
  });

  it("sums up, and warns on the error output", async () => {
    await writeFile(
      join(folder.path, "ganger.yml"),
      "app: shop\njobs: .\nbroker: sqlite:shop.db\nworkers: { a: 0 }",
    );

    const { code, out, err } = await folder.run("check");
    expect(code).toBe(0);
    expect(out).toMatch(/^ok {2}.*ganger\.yml\n {4}shop in development: 0 workers on sqlite:.*shop\.db\n/);
    expect(err).toBe("warning: workers: there are none, so nothing will be run here\n");
  });

  it("explains each value", async () => {
    await writeFile(join(folder.path, "ganger.yml"), "workers:\n  mail: 2");
    folder.env = { GANGER_LOG_LEVEL: "warn" };

    const { out } = await folder.run("check", "--explain", "--broker", "sqlite:x");
    const rows = out.split("\n").map((line) => line.split(/\s{2,}/));
    expect(rows).toContainEqual(["workers.mail.count", "2", "ganger.yml:2"]);
    expect(rows).toContainEqual(["workers.mail.concurrency", "10", "default"]);
    expect(rows).toContainEqual(["log.level", "warn", "GANGER_LOG_LEVEL"]);
    expect(rows).toContainEqual(["broker", "sqlite:x", "--broker"]);
  });

  it("says it all in JSON", async () => {
    await writeFile(join(folder.path, "ganger.yml"), "jobs: .\nworkers: { mail: 2 }");

    const { out } = await folder.run("check", "--explain", "--json", "-E", "test");
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      file: join(folder.path, "ganger.yml"),
      environment: "test",
      warnings: [],
      values: expect.arrayContaining([{ key: "workers.mail.count", value: 2, source: "ganger.yml:2" }]),
    });
  });
});
