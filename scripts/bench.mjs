import { runProgram } from "./program.mjs";
import { setUp } from "./setup.mjs";

await setUp();
runProgram("bench/run.ts", process.argv.slice(2));
