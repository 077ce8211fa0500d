import { Worker } from "node:worker_threads";

/** Looks from a thread of its own, as the user's code may keep the other to itself for good. */
const watch = (parent: number) => `
  setInterval(() => {
    if (process.ppid !== ${parent}) process.kill(process.pid, "SIGKILL");
  }, 500);
`;

/** From now on this process is gone soon after the one that started it, whatever it is doing then. */
export function dieWithParent(): void {
  const thread = new Worker(watch(process.ppid), { eval: true, execArgv: [], env: {} });
  // Without it the process still ends in good order, as long as nothing blocks it.
  thread.on("error", () => undefined);
  thread.unref();
}
