import { live } from "./life.mjs";

/** A new process that loads the application: `process.mjs MODULE`. */
const app = await import(process.argv[2]);
live(
  app,
  (word) => process.send(word),
  (obey) => process.on("message", obey),
);
process.on("disconnect", () => process.exit());
