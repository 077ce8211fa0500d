import { Worker } from "node:worker_threads";

/** A process that has nothing but threads, so that their memory can be told from anything else's: `thread-host.mjs MODULE`. */
const program = new URL("./thread.mjs", import.meta.url);
const threads = new Map();

process.on("message", ({ type, life, jobs }) => {
  if (type === "start") {
    const asked = Number(process.hrtime.bigint()) / 1e6;
    const thread = new Worker(program, { workerData: process.argv[2] });
    threads.set(life, thread);
    thread.on("message", (word) => process.send({ ...word, life, asked }));
    thread.on("error", (error) => {
      throw error;
    });
    thread.on("exit", () => process.send({ type: "ended", life }));
  } else if (type === "work") threads.get(life).postMessage({ jobs });
  else void threads.get(life).terminate();
});
process.on("disconnect", () => process.exit());
