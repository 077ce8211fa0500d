import { appendFileSync, openSync, writeSync } from "node:fs";
import { defineJob } from "ganger";
import type { Effects } from "./effects.ts";

/**
 * One job stands for one integer. It notes that it runs in `tally`, which outlives a SIGKILL, and has its effect: a row that
 * is committed with its completion, or its result, which the store keeps with the completed job. The process is killed in the
 * run of the number `lifetime`.
 */
export function createNumberJob(effects: Effects | undefined, tally?: string, lifetime = Infinity) {
  if (tally !== undefined) appendFileSync(tally, "");
  const file = tally === undefined ? undefined : openSync(tally, "a");
  const bytes = Buffer.alloc(4);
  let runs = 0;
  return defineJob({
    name: "number",
    queue: "numbers",
    // Whoever is killed takes down all that it held; each of them counts a crash.
    maxCrashes: 1000,
    attempts: 1000,
    backoff: { type: "fixed", delay: "100ms" },
    retention: { completed: "1d" },
    async perform(integer: number, job) {
      bytes.writeUInt32LE(integer);
      if (file !== undefined) writeSync(file, bytes);
      if (++runs >= lifetime) process.kill(process.pid, "SIGKILL");
      if (effects !== undefined) await effects.add(integer, (connection) => job.completeIn(connection));
      return integer;
    },
  });
}
