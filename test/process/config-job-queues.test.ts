import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readJobQueues } from "../../src/config/check/job-queues.ts";
import { CliFolder } from "../support/cli.ts";

const GANGER = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-queues-"));
});
afterEach(() => rm(cwd, { recursive: true }));

const job = (name: string, queue: string) => `
  console.log("noise");
  export const ${name} = defineJob({ name: "${name}", queue: "${queue}", perform() {} });`;

const moduleOf = (...jobs: readonly string[]) => `import { defineJob } from "${GANGER}";\n${jobs.join("\n")}`;

async function queuesOf(text: string, timeoutMs?: number) {
  const file = join(cwd, "jobs.ts");
  await writeFile(file, text);
  return readJobQueues([file], timeoutMs);
}

describe("readJobQueues", () => {
  it("finds the queues that jobs go to", async () => {
    expect(await queuesOf(moduleOf(job("a", "mail"), job("b", "reports")))).toEqual({
      queues: ["mail", "reports"],
    });
  });

  it.each([
    ["throw new Error('no');", /jobs\.ts cannot be loaded: .*no/],
    ["process.exit(3);", /ended with code 3/],
    ["for (;;);", /ended with SIGKILL/],
  ])("says why not with %s", async (text, expected) => {
    expect(await queuesOf(text, 3000)).toEqual({ reason: expect.stringMatching(expected) });
  });
});

describe("ganger check", () => {
  it("warns of queues that no worker serves, and of patterns that match none", async () => {
    await using folder = await CliFolder.create();
    await mkdir(join(folder.path, "jobs"));
    await writeFile(join(folder.path, "jobs/all.mts"), moduleOf(job("a", "mail"), job("b", "reports")));
    await writeFile(join(folder.path, "ganger.yml"), "workers:\n  mail: 1\n  low_*: 1");

    const { code, err } = await folder.run("check");
    expect(code).toBe(0);
    expect(err.split("\n")).toEqual([
      "warning: ganger.yml:1: workers: none serves the queue reports, which jobs go to",
      'warning: ganger.yml:3: workers."low_*": low_* matches none of the queues that are known: mail, reports',
      "",
    ]);
  });

  it("warns of job modules that cannot be looked through", async () => {
    await using folder = await CliFolder.create();
    await writeFile(join(folder.path, "jobs.mjs"), "throw new Error('no');");
    await writeFile(join(folder.path, "ganger.yml"), "jobs: ./jobs.mjs\nworkers: { mail: 1 }");

    const { code, err } = await folder.run("check");
    expect(code).toBe(0);
    expect(err).toMatch(
      /^warning: ganger\.yml:1: jobs: cannot be looked through: .*jobs\.mjs cannot be loaded/,
    );
  });
});
