import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };

const entries = Object.entries<string | Record<string, string>>(manifest.exports);
const targets = entries.flatMap(([name, target]) =>
  Object.values(typeof target === "string" ? [target] : target).map((file) => [name, file] as const),
);

describe("package.json", () => {
  it.each(targets)("exports %s from %s, which exists", (_name, file) => {
    expect(existsSync(file), `${file} is missing: run npm run build`).toBe(true);
  });

  it.each(Object.values(manifest.bin))("has the program %s, which starts with Node.js", (file) => {
    expect(readFileSync(file, "utf8").split("\n")[0]).toBe("#!/usr/bin/env node");
  });

  it.each(entries.filter(([name]) => !name.endsWith(".json")))(
    "exports %s as a module that loads",
    (name) => {
      const program = `import(${JSON.stringify(name.replace(".", "ganger"))}).then(() => process.stdout.write("loaded"))`;

      expect(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" })).toBe("loaded");
    },
  );
});
