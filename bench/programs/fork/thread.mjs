import { parentPort, workerData } from "node:worker_threads";
import { live } from "./life.mjs";

/** A new thread that loads the application. */
const app = await import(workerData);
live(
  app,
  (word) => parentPort.postMessage(word),
  (obey) => parentPort.on("message", obey),
);
