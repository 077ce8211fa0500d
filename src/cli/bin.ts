#!/usr/bin/env node
import { createInterface } from "node:readline/promises";
import { main } from "./main.ts";

// Whoever reads our output may stop reading, as `head` does; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  // A manager goes on without readers: what it keeps running matters more than what it says.
  if (!process.argv.includes("start")) process.exit();
});
process.stderr.on("error", () => undefined);

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}

process.exitCode = await main(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  signals: process,
  ask: process.stdin.isTTY && process.stderr.isTTY ? ask : undefined,
});
// Modules of the application may have left timers and connections open.
process.stdout.write("", () => process.exit());
