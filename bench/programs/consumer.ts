import { wallClock } from "../subject.ts";
import { openSubject } from "../subjects/open.ts";
import { listenToParent, tellParent } from "./messages.ts";

/** One worker process: runs no-op jobs, counts them, and reports how late those are that say when they began: `consumer.ts SUBJECT ADDRESS`. */
const [key = "", address = ""] = process.argv.slice(2);

let count = 0;
let orders = 0;
const subject = await openSubject(key);
const consumer = await subject.openConsumer(address, ({ order, at }) => {
  count++;
  orders += order;
  if (at !== undefined) tellParent({ type: "picked-up", latencyMs: wallClock() - at });
});

listenToParent(({ type }) => {
  if (type === "start") void consumer.start();
  else if (type === "stop") void consumer.stop().then(report);
  else void report();
});
tellParent({ type: "ready" });

async function report(): Promise<void> {
  const told = { count, orders };
  await consumer.settled?.();
  tellParent({ type: "count", ...told });
}
