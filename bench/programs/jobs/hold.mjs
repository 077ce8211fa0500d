import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { defineJob } from "ganger";

/** Says that it began, and ends when a file is gone, or when it is told to. */
export const hold = defineJob({
  name: "hold",
  queue: "work",
  async perform({ file }, { id, signal }) {
    process.stdout.write(`${JSON.stringify({ msg: "began", job: id, pid: process.pid })}\n`);
    while (existsSync(file)) await delay(5, undefined, { signal });
  },
});
