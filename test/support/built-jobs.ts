import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "@swc/wasm-typescript";
import { runDir } from "./run-dir.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FIXTURES = join(ROOT, "test/fixtures");

/** Folders of `test/fixtures` whose jobs pools run as JavaScript, as an application runs what it has built. */
const BUILT = ["jobs", "jobs-isolation", "jobs-leak", "jobs-speak"] as const;

/**
 * Erases the types of these once for a run: below Node.js 22.18 each process of each pool would start a compiler for them,
 * and none would be forked. Each project of the run calls this.
 */
export async function setup(): Promise<void> {
  const modules = join(runDir(), "node_modules");
  if (existsSync(modules)) return;
  mkdirSync(modules);
  symlinkSync(ROOT, join(modules, "ganger"));
  symlinkSync(join(ROOT, "node_modules/better-sqlite3"), join(modules, "better-sqlite3"));
  for (const name of BUILT) {
    mkdirSync(builtJobs(name));
    for (const file of readdirSync(join(FIXTURES, name))) {
      const source = readFileSync(join(FIXTURES, name, file), "utf8");
      const { code } = await transform(source, { mode: "strip-only", module: true });
      writeFileSync(join(builtJobs(name), file.replace(/ts$/, "mjs")), code);
    }
  }
}

/** Where the jobs of a folder of `test/fixtures` are as JavaScript. */
export function builtJobs(name: (typeof BUILT)[number]): string {
  return join(runDir(), name);
}
