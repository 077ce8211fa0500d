// The binaries that are published: for this machine, and for arm64 where its cross compiler is installed
// (Debian: g++-aarch64-linux-gnu).
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { compile, packHeaders, root } from "./compile.mjs";

const compilers = { x64: "x86_64-linux-gnu-g++", arm64: "aarch64-linux-gnu-g++" };

packHeaders();
for (const [arch, compiler] of Object.entries(compilers)) {
  if (spawnSync(compiler, ["--version"]).status !== 0) {
    process.stdout.write(`linux-${arch}: left out, there is no ${compiler}\n`);
    continue;
  }
  const problem = compile(join(root, `prebuilds/linux-${arch}/ganger-fork.node`), { compiler });
  process.stdout.write(problem === undefined ? `linux-${arch}: built\n` : problem);
  if (problem !== undefined) process.exitCode = 1;
}
