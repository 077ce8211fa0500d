import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];

/**
 * Runs one of the repository's TypeScript programs as a user would: from the directory that `npm` was called in,
 * with the built package. Ends as the program ends, with its exit code or by its signal.
 */
export function runProgram(path, args) {
  const register = new URL("../dist/worker/modules/register.js", import.meta.url);
  const program = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const child = spawn(process.execPath, ["--import", register.href, program, ...args], {
    cwd: process.env.INIT_CWD ?? process.cwd(),
    stdio: "inherit",
  });
  for (const signal of FORWARDED) {
    process.on(signal, () => {
      // A terminal sends its Ctrl-C to the whole group, and npm passes it on as well: once is enough.
      if (signal !== "SIGINT" || !hasTerminal()) child.kill(signal);
    });
  }
  child.on("error", ({ message }) => {
    process.stderr.write(`${path} could not be started: ${message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 1;
    if (signal === null) return;
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function hasTerminal() {
  return process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
}
