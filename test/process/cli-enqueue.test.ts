import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CliFolder } from "../support/cli.ts";

const BIN = fileURLToPath(new URL("../../dist/cli/bin.js", import.meta.url));
const PACKAGE = new URL("../../dist/index.js", import.meta.url).href;

let folder: CliFolder;

beforeEach(async () => {
  folder = await CliFolder.create();
  await mkdir(join(folder.path, "jobs"));
  await writeFile(join(folder.path, "ganger.yml"), "workers: { mail: 1 }");
  await writeFile(
    join(folder.path, "jobs/greet.mts"),
    `import { defineJob } from ${JSON.stringify(PACKAGE)};
     type To = { readonly to?: string };
     const validate = (value: To) =>
       value?.to ? { value } : { issues: [{ message: "is missing", path: ["to"] }] };
     export const greet = defineJob({
       name: "greet", queue: "mail", perform() {}, input: { "~standard": { version: 1, vendor: "test", validate } },
     });
     // As a pool of connections would, this keeps the process from ending by itself.
     setInterval(() => {}, 1000);`,
  );
});
afterEach(() => folder[Symbol.asyncDispose]());

/** Runs the command as a shell would, since jobs in TypeScript are loaded into its process. */
async function ganger(...argv: readonly string[]) {
  const child = spawn(process.execPath, [BIN, ...argv], {
    cwd: folder.path,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  await once(child, "close");
  return { code: child.exitCode, out, err };
}

describe("ganger enqueue", () => {
  it("puts a job into its queue, prints its id, and ends", async () => {
    const { code, out, err } = await ganger("enqueue", "greet", '{"to":"world"}');

    expect({ code, err }).toEqual({ code: 0, err: "" });
    await using broker = await folder.openBroker();
    expect(await broker.inspect?.find(out.trim())).toMatchObject({
      name: "greet",
      queue: "mail",
      state: "waiting",
      payload: '{"to":"world"}',
    });
  });

  it("takes what is different about it from options", async () => {
    const options = [
      "--queue",
      "vip",
      "--priority",
      "-3",
      "--delay",
      "1h",
      "--attempts",
      "7",
      "--tag",
      "a",
      "b",
    ];
    const { out } = await ganger("enqueue", "greet", '{"to":"x"}', "--count", "2", "--json", ...options);

    const { ids } = JSON.parse(out) as { ids: string[] };
    expect(ids).toHaveLength(2);
    await using broker = await folder.openBroker();
    expect(await broker.inspect?.list({ queue: "vip", limit: 10 })).toMatchObject(
      ids.map((id) => ({
        id,
        state: "scheduled",
        priority: -3,
        tags: ["a", "b"],
        options: '{"attempts":7}',
      })),
    );
  });

  it.each([
    [["greet", "{}"], /^The payload of "greet" does not fit: to: is missing\n\[GANGER_PAYLOAD_INVALID\]\n$/],
    [["greet"], /GANGER_PAYLOAD_INVALID/],
    [["great", "{}"], /^No job is named "great"\nJobs are greet\.\n\[GANGER_JOB_UNKNOWN\]\n$/],
  ])("refuses %j, and adds nothing", async (argv, message) => {
    const { code, out, err } = await ganger("enqueue", ...argv);

    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(message);
    await using broker = await folder.openBroker();
    expect(await broker.inspect?.queues()).toEqual([]);
  });

  it("names the module that cannot be loaded", async () => {
    await writeFile(join(folder.path, "jobs/broken.mjs"), "throw new Error('no database');");

    const { code, err } = await ganger("enqueue", "greet", "{}");
    expect(code).toBe(1);
    expect(err).toMatch(/broken\.mjs cannot be loaded: Error: no database\n.*\n\[GANGER_MODULE_BROKEN\]\n$/);
  });

  it("ends quietly when nobody reads what it prints", async () => {
    const child = spawn(process.execPath, [BIN, "status", "--watch", "--json", "--broker", folder.url], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let err = "";
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.stdout.once("data", () => child.stdout.destroy());
    await once(child, "close");

    expect({ code: child.exitCode, err }).toEqual({ code: 0, err: "" });
  });
});
