import { createPayload, type Payload, type Producer } from "../subject.ts";
import { openSubject } from "../subjects/open.ts";
import { listenToParent, tellParent } from "./messages.ts";

/** Enqueues COUNT jobs in one of the ways and says how long it took: `producer.ts SUBJECT ADDRESS WAY COUNT`. */
const [key = "", address = "", way = "", count = ""] = process.argv.slice(2);

const IN_FLIGHT = 100;

const ways: Readonly<Record<string, (producer: Producer, payloads: readonly Payload[]) => Promise<void>>> = {
  async single(producer, payloads) {
    for (const payload of payloads) await producer.add(payload);
  },
  async coalesced(producer, payloads) {
    const queue = payloads.values();
    const lane = async () => {
      for (const payload of queue) await producer.add(payload);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  },
  hundreds: (producer, payloads) => inCallsOf(100, producer, payloads),
  bulk: (producer, payloads) => inCallsOf(1000, producer, payloads),
};

async function inCallsOf(size: number, producer: Producer, payloads: readonly Payload[]): Promise<void> {
  for (let from = 0; from < payloads.length; from += size) {
    await producer.addMany(payloads.slice(from, from + size));
  }
}

const produce = ways[way];
if (produce === undefined) throw new TypeError(`There is no way "${way}" to enqueue`);
const subject = await openSubject(key);
const producer = await subject.openProducer(address);
const payloads = Array.from({ length: Number(count) }, (_, order) => createPayload(order));

listenToParent(({ type }) => {
  if (type === "start") void run(produce);
});
tellParent({ type: "ready" });

async function run(enqueue: (producer: Producer, payloads: readonly Payload[]) => Promise<void>) {
  const start = performance.now();
  await enqueue(producer, payloads);
  const ms = performance.now() - start;
  await producer.close();
  tellParent({ type: "produced", ms });
}
