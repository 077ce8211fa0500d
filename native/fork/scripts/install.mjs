// Never fails an installation: without a binary the package says at run time why it is not available.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { compile, root } from "./compile.mjs";

function isLoadable(path) {
  if (!existsSync(path)) return false;
  try {
    createRequire(import.meta.url)(path);
    return true;
  } catch {
    return false;
  }
}

function install() {
  if (process.platform !== "linux") return;
  if (isLoadable(join(root, `prebuilds/linux-${process.arch}/ganger-fork.node`))) return;
  const problem = compile(join(root, "build/ganger-fork.node"));
  if (problem !== undefined) process.stdout.write(`ganger-fork: not compiled, and left out: ${problem}\n`);
}

try {
  install();
} catch (error) {
  process.stdout.write(`ganger-fork: left out: ${error.message}\n`);
}
