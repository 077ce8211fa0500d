import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { ClaimerProcess } from "./case.ts";
import type { ClaimerCommand } from "./claimer-order.ts";

/** Starts `claimer.js` with one command. */
export function startClaimer(file: string, command: ClaimerCommand): ClaimerProcess {
  const child = spawn(process.execPath, [file], { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gone = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  // A process that dies at once breaks the pipe; its complaint says more.
  child.stdin.on("error", () => {}).write(`${JSON.stringify(command)}\n`);
  return {
    async next() {
      const { value, done } = await lines.next();
      if (done !== true) return toIds(value);
      await gone;
      if (complaint !== "") throw new Error(`A claimer process failed: ${complaint.trim()}`);
      return undefined;
    },
    async kill() {
      kill(child);
      await gone;
    },
  };
}

function kill(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
}

function toIds(line: string): readonly string[] {
  const ids: readonly string[] = JSON.parse(line);
  return ids;
}
