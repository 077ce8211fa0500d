import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeFork } from "./support/available.ts";
import { node } from "./support/node.ts";

const root = join(import.meta.dirname, "..");

describeFork("the README", () => {
  test("has an example that works", () => {
    const dir = mkdtempSync(join(tmpdir(), "ganger-fork-readme-"));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    mkdirSync(join(dir, "node_modules"));
    symlinkSync(root, join(dir, "node_modules/ganger-fork"));
    const readme = readFileSync(join(root, "README.md"), "utf8");
    for (const [, name = "", code = ""] of readme.matchAll(/```js (\S+)\n(.*?)```/gs))
      writeFileSync(join(dir, name), code);

    const said = execFileSync(node, ["client.mjs", join(dir, "fork.sock")], { cwd: dir, encoding: "utf8" });

    expect(said).toBe("84 0\ntrue 0 null\n");
  });
});
