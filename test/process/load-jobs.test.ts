import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const LOAD_JOBS = new URL("../../dist/worker/modules/load-jobs.js", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "ganger-load-"));

afterAll(() => rmSync(folder, { recursive: true }));

const fixture = (path: string) => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));

/** A module that only this test has, as those that cannot be read by any tool. */
function write(path: string, text: string): string {
  const file = join(folder, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  return file;
}

interface Loaded {
  readonly names?: readonly string[];
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
}

/** Loads jobs in a process of its own, as a worker does, with what was built. */
function load(...paths: readonly string[]): Loaded {
  const program = `
    import { loadJobs } from ${JSON.stringify(LOAD_JOBS)};
    loadJobs(${JSON.stringify(paths)}).then(
      ({ names }) => console.log(JSON.stringify({ names })),
      ({ code, message, hint }) => console.log(JSON.stringify({ code, message, hint })),
    );`;
  const args = ["--input-type=module", "--eval", program];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    cwd: fixture("."),
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const hasTypeScript = Boolean(Reflect.get(process.features, "typescript"));

/** How many threads a process has that loads these jobs. */
function threadsFor(path: string): number {
  const program = `
    import { readdirSync } from "node:fs";
    import { loadJobs } from ${JSON.stringify(LOAD_JOBS)};
    await loadJobs([${JSON.stringify(path)}]);
    console.log(readdirSync("/proc/self/task").length);`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
  });
  return Number(stdout);
}

describe("jobs are loaded", () => {
  it("from all modules of a folder and its folders, but tests and declarations", () => {
    expect(load(fixture("jobs-folder"))).toEqual({ names: ["report", "receipt", "reminder", "thumbnail"] });
  });

  it("from one file", () => {
    expect(load(fixture("jobs-folder/thumbnail.mjs"))).toEqual({ names: ["thumbnail"] });
  });

  it("from files and folders by paths of any kind, each once", () => {
    const paths = [
      "jobs-folder/deep",
      fixture("jobs-folder/mail.ts"),
      "./jobs-folder/../jobs-folder/mail.ts",
    ];

    expect(load(...paths)).toEqual({ names: ["report", "receipt", "reminder"] });
  });

  it("from no module at all when there is none", () => {
    write("empty/README.md", "nothing");
    write("empty/node_modules/x.mjs", "throw new Error('not ours')");

    expect(load(join(folder, "empty"))).toEqual({ names: [] });
  });

  it("from a folder whose name has spaces and signs", () => {
    write("a b#c%20d/plain.mjs", "export const value = 1;");
    write("a b#c%20d/typed.mts", "export const value: number = 1;");

    expect(load(join(folder, "a b#c%20d"))).toEqual({ names: [] });
  });
});

describe("TypeScript", () => {
  it("may be imported by a module that is none", () => {
    write("mixed/typed.ts", "export const value: number = 1;");
    const file = write("mixed/plain.mjs", "export { value } from './typed.ts';");

    expect(load(file)).toEqual({ names: [] });
  });

  it.skipIf(hasTypeScript)("behind a module of a module is refused, and told how to do it", () => {
    write("behind/typed.ts", "export const value: number = 1;");
    write("behind/middle.mjs", "export { value } from './typed.ts';");
    const file = write("behind/plain.mjs", "export { value } from './middle.mjs';");
    const { code, message, hint } = load(file);

    expect(code).toBe("GANGER_MODULE_BROKEN");
    expect(message).toContain("behind/typed.ts");
    expect(hint).toContain("NODE_OPTIONS=--import=ganger/register");
  });

  it.skipIf(hasTypeScript || process.platform !== "linux")("costs a thread only where there is some", () => {
    write("threads/plain.mjs", "export const value = 1;");
    write("threads-typed/typed.ts", "export const value: number = 1;");

    expect(threadsFor(join(folder, "threads-typed"))).toBe(threadsFor(join(folder, "threads")) + 1);
  });
});

describe("two jobs of one name", () => {
  it("are refused, and both files named", () => {
    const { code, message } = load(fixture("jobs-twins"));

    expect(code).toBe("GANGER_JOB_DUPLICATE");
    expect(message).toBe(
      `Two jobs are named "twin": in ${fixture("jobs-twins/one.ts")} and in ${fixture("jobs-twins/two.ts")}`,
    );
  });
});

describe("a module that cannot be loaded", () => {
  it("is named when it is not there", () => {
    const { code, message, hint } = load(join(folder, "absent"));

    expect({ code, message }).toEqual({
      code: "GANGER_MODULE_BROKEN",
      message: `There is no ${join(folder, "absent")}`,
    });
    expect(hint).toContain("jobs");
  });

  it.each([
    ["broken.ts", "export const a = 1;\nexport const b: = 2;\n", "broken.ts:2"],
    ["broken.mts", "const a: string = 'x;\n", "broken.mts:1"],
    ["broken.mjs", "export const a = 1;\n\nexport const b = ;\n", "broken.mjs:3"],
    ["broken.cjs", "exports.a = 1;\nexports.b = ;\n", "broken.cjs:2"],
  ])("%s is named with the line of its syntax error", (name, text, place) => {
    const file = write(`syntax/${name}`, text);
    const { code, message } = load(file);

    expect(code).toBe("GANGER_MODULE_BROKEN");
    expect(message).toContain(`${file} cannot be loaded: SyntaxError: `);
    expect(message).toContain(place);
  });

  it("is named when it is another that it imports", () => {
    write("nested/inner.ts", "export const b: = 2;\n");
    const file = write("nested/outer.ts", "export * from './inner.ts';\n");
    const { message } = load(file);

    expect(message).toContain(`${file} cannot be loaded`);
    expect(message).toContain("inner.ts:1");
  });

  it.each([
    ["throws.mjs", "throw new TypeError('no config');", "TypeError: no config"],
    ["odd.mjs", "throw 'a text';", "a text"],
    ["missing.mjs", "import './absent.mjs';", "absent.mjs"],
    ["enum.ts", "export enum Colour { Red }", "enum"],
    ["data.json", "{}", "json"],
  ])("%s is named with the reason", (name, text, reason) => {
    const file = write(`bad/${name}`, text);
    const { code, message } = load(file);

    expect(code).toBe("GANGER_MODULE_BROKEN");
    expect(message).toContain(`${file} cannot be loaded: `);
    expect(message).toContain(reason);
  });

  it("keeps the code of an error of ours", () => {
    const file = write(
      "ours/bad.mjs",
      `
      const { defineJob } = await import(${JSON.stringify(new URL("../../dist/index.js", import.meta.url).href)});
      export const bad = defineJob({ name: "bad", retries: 3, perform() {} });`,
    );
    const { code, message } = load(file);

    expect(code).toBe("GANGER_JOB_INVALID");
    expect(message).toContain('"retries" is no option of a job');
  });
});
