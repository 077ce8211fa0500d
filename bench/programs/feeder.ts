import { createPayload } from "../subject.ts";
import { openSubject } from "../subjects/open.ts";
import { listenToParent, tellParent } from "./messages.ts";

/** Adds as many jobs as it is told to, and says how many it has added in all: `feeder.ts SUBJECT ADDRESS`. */
const [key = "", address = ""] = process.argv.slice(2);
const CALL = 1000;

const subject = await openSubject(key);
const producer = await subject.openProducer(address);
let added = 0;

listenToParent((order) => {
  if (order.type === "feed") void feed(order.count);
});
tellParent({ type: "ready" });

async function feed(count: number): Promise<void> {
  for (let left = count; left > 0; left -= CALL) {
    const payloads = Array.from({ length: Math.min(left, CALL) }, (_, place) => createPayload(added + place));
    await producer.addMany(payloads);
    added += payloads.length;
  }
  tellParent({ type: "count", count: added });
}
