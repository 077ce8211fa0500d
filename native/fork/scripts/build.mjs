import { join } from "node:path";
import { compile, root } from "./compile.mjs";

const problem = compile(join(root, "build/ganger-fork.node"));
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
