// `npm test` sets up and runs every test; `--long` adds the long ones, and all else is passed on to vitest.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setUp } from "./setup.mjs";

await setUp();

const args = process.argv.slice(2);
const env = args.includes("--long") ? { ...process.env, GANGER_TEST_LONG: "1" } : process.env;
const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = ["node_modules/vitest/vitest.mjs", "run", ...args.filter((arg) => arg !== "--long")];
const child = spawn(process.execPath, vitest, { cwd: root, env, stdio: "inherit" });
// vitest ends on the same signal, after it has stopped what its tests started.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
