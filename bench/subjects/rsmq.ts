import { setTimeout as delay } from "node:timers/promises";
import { importPeer } from "../peers.ts";
import type { Payload, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";
import { inHundreds } from "./many.ts";

const QUEUE = { qname: "bench" };
const POLL_MS = 10;

type Rsmq = new (
  options: object,
) => {
  createQueueAsync(options: object): Promise<unknown>;
  sendMessageAsync(options: object): Promise<string>;
  receiveMessageAsync(options: object): Promise<{ readonly id?: string; readonly message?: string }>;
  deleteMessageAsync(options: object): Promise<number>;
  getQueueAttributesAsync(options: object): Promise<{ msgs: number; totalrecv: number }>;
  quit(callback: () => void): void;
};

/** rsmq has no worker: `argument` lanes receive a message, run it and delete it, and look again 10 ms after an empty answer. */
export function createRsmq(argument: string): Subject {
  return {
    async create(address) {
      const rsmq = await open(address);
      await rsmq.createQueueAsync(QUEUE);
      await close(rsmq);
    },
    async openProducer(address) {
      const rsmq = await open(address);
      const add = (payload: Payload) => rsmq.sendMessageAsync({ ...QUEUE, message: JSON.stringify(payload) });
      return { add, addMany: (payloads) => inHundreds(payloads, add), close: () => close(rsmq) };
    },
    async openConsumer(address, perform) {
      const rsmq = await open(address);
      const stopping = new AbortController();
      const lane = async () => {
        while (!stopping.signal.aborted) {
          const { id, message } = await rsmq.receiveMessageAsync(QUEUE);
          if (id === undefined || message === undefined) {
            await delay(POLL_MS);
            continue;
          }
          perform(JSON.parse(message) as Payload);
          await rsmq.deleteMessageAsync({ ...QUEUE, id });
        }
      };
      let lanes: Promise<unknown> = Promise.resolve();
      return {
        async start() {
          lanes = Promise.all(Array.from({ length: Number(argument) }, lane));
        },
        async stop() {
          stopping.abort();
          await lanes;
        },
      };
    },
    async openBooks(address) {
      const rsmq = await open(address);
      return {
        isIdle: async () => (await rsmq.getQueueAttributesAsync(QUEUE)).msgs === 0,
        // It deletes what is done; what was received twice would have been counted.
        async assertCompleted(count) {
          const { msgs, totalrecv } = await rsmq.getQueueAttributesAsync(QUEUE);
          assertCounts({ msgs, totalrecv }, { msgs: 0, totalrecv: count });
        },
        // What it calls hidden is everything of the last second.
        waiting: async () => (await rsmq.getQueueAttributesAsync(QUEUE)).msgs,
        close: () => close(rsmq),
      };
    },
  };
}

async function open(address: string) {
  const { hostname, port } = new URL(address);
  return new (await importPeer<Rsmq>("rsmq"))({ host: hostname, port: Number(port), ns: "rsmq" });
}

function close(rsmq: InstanceType<Rsmq>) {
  return new Promise<void>((resolve) => rsmq.quit(resolve));
}
