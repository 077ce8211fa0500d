import { wallClock } from "../subject.ts";
import { openSubject } from "../subjects/open.ts";
import { listenToParent, tellParent } from "./messages.ts";

/** One worker process: runs no-op jobs, counts them, and reports how late those are that say when they began: `consumer.ts SUBJECT FILE`. */
const [key = "", file = ""] = process.argv.slice(2);

let count = 0;
const subject = await openSubject(key);
const consumer = await subject.openConsumer(file, ({ at }) => {
  count++;
  if (at !== undefined) tellParent({ type: "picked-up", latencyMs: wallClock() - at });
});

listenToParent(({ type }) => {
  if (type === "start") void consumer.start();
  else tellParent({ type: "count", count });
});
tellParent({ type: "ready" });
