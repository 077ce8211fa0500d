import { parentPort, workerData } from "node:worker_threads";
import type { JobHost } from "./job-host.ts";
import { loadHost } from "./load-host.ts";
import type { FromHost, HostStart, ToHost } from "./messages.ts";

/** The program of a thread that runs one job at a time for a worker. */

const early: ToHost[] = [];
let host: JobHost | undefined;

const send = (message: FromHost) => parentPort?.postMessage(message);

parentPort?.on("message", (message: ToHost) => {
  if (host === undefined) early.push(message);
  else host.obey(message);
});

const start: HostStart = workerData;
host = await loadHost(start, send);
if (host === undefined) process.exit(1);
for (const message of early.splice(0)) host.obey(message);
