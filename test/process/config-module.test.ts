import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { evaluateModule } from "../../src/config/file/evaluated.ts";

let cwd: string;

beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "ganger-module-"));
});
afterEach(() => rm(cwd, { recursive: true }));

async function evaluate(name: string, text: string, timeoutMs?: number): Promise<unknown> {
  const file = join(cwd, name);
  await writeFile(file, text);
  return (await evaluateModule({ file, environment: "test" }, timeoutMs)).data;
}

describe("a configuration module", () => {
  it.each([
    ["ganger.ts", "const mail: number = 2; export default { workers: { mail } };"],
    ["ganger.mts", "export default { workers: { mail: 2 as number } };"],
    ["ganger.mjs", "export default { workers: { mail: await Promise.resolve(2) } };"],
    ["ganger.js", "module.exports = { workers: { mail: 2 } };"],
  ])("%s is evaluated in a process of its own", async (name, text) => {
    expect(await evaluate(name, text)).toEqual({ workers: { mail: 2 } });
  });

  it("has its loader asked once, with the environment", async () => {
    const text = "export default { workers: async (environment: string) => ({ [environment]: 3 }) };";

    expect(await evaluate("ganger.ts", text)).toEqual({ workers: { test: 3 } });
  });

  it("has its hooks known by its path", async () => {
    expect(await evaluate("a.mjs", "export default { hooks: { onInfo() {} } };")).toEqual({
      hooks: join(cwd, "a.mjs"),
    });
  });

  it("may print, and may leave things open", async () => {
    const text = "console.log('noise\\n'); setInterval(() => {}, 1000); export default { app: 'a' };";

    expect(await evaluate("a.mjs", text)).toEqual({ app: "a" });
  });

  it("leaves out what is undefined", async () => {
    expect(await evaluate("a.mjs", "export default { app: undefined, jobs: 'j' };")).toEqual({ jobs: "j" });
  });

  it.each([
    [
      "export default { workers: { a: () => 1 } };",
      /a\.mjs: workers\.a: is a function; a configuration is plain/,
    ],
    ["export default { app: 1n };", /app: is a bigint/],
    ["export const app = 1;", /must export a plain object as its default/],
    ["export default [];", /must export a plain object/],
    ["const a = { }; a.a = a; export default a;", /a\.a\.a: is nested too deeply/],
    ["export default { workers() { throw new Error('no'); } };", /workers: the function threw Error: no/],
    ["throw new Error('no\\nway');", /cannot be loaded: Error: no way$/m],
    ["throw 'text';", /cannot be loaded: Error: text/],
    ["import './absent.mjs';", /cannot be loaded: .*absent\.mjs/],
    ["export default {", /cannot be loaded: SyntaxError: .*a\.mjs:1\)/],
    ["console.error('last words'); process.exit(7);", /ended with code 7 before it was loaded: last words/],
    ["process.kill(process.pid, 'SIGKILL');", /ended with SIGKILL before/],
    [
      "import { writeSync } from 'node:fs'; writeSync(3, 'lies\\n');",
      /answered with something that is no JSON/,
    ],
  ])("%s is named as the one to mend", async (text, message) => {
    await expect(evaluate("a.mjs", text)).rejects.toThrow(
      expect.objectContaining({ code: "GANGER_CONFIG_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it.each(["for (;;);", "await new Promise(() => setInterval(() => {}, 1000));"])(
    "%s is given up after a time",
    async (text) => {
      await expect(evaluate("a.mjs", text, 500)).rejects.toThrow("a.mjs: took longer than 0.5 s");
    },
  );
});
