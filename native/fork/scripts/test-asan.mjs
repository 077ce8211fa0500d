// Node itself is not built with a sanitizer, so the half of the addon that is plain C++ runs in a program of its own.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { plainSources, root, run, strictFlags } from "./compile.mjs";

const program = join(root, "build/asan-driver");
mkdirSync(join(root, "build"), { recursive: true });
const problem = run(process.env.CXX ?? "g++", [
  ...strictFlags,
  "-g",
  "-O1",
  "-fno-omit-frame-pointer",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=all",
  "-o",
  program,
  ...plainSources(),
  join(root, "test/asan/driver.cc"),
]);
if (problem === undefined) {
  // Children end with memory of the server's in hand, on purpose; leaks are looked for by the soak.
  const env = { ...process.env, ASAN_OPTIONS: "detect_leaks=0:handle_abort=0" };
  process.exitCode = spawnSync(program, [], { stdio: "inherit", env, timeout: 120_000 }).status ?? 1;
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
