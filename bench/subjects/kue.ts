import { promisify } from "node:util";
import { importPeer } from "../peers.ts";
import type { Payload, Placing, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";
import { inHundreds } from "./many.ts";

interface Kue {
  createQueue(options: object): {
    create(type: string, data: Payload): Job;
    process(
      type: string,
      concurrency: number,
      work: (job: { data: Payload }, done: () => void) => void,
    ): void;
    inactiveCount: Count;
    activeCount: Count;
    delayedCount: Count;
    completeCount: Count;
    failedCount: Count;
    shutdown(timeoutMs: number, done: () => void): void;
  };
}

interface Job {
  priority(level: number): Job;
  delay(ms: number): Job;
  save(done: (error: Error | null) => void): Job;
}

type Count = (done: (error: Error | null, count: number) => void) => void;

/** Kue with its default settings; `argument` is the concurrency. */
export function createKue(argument: string): Subject {
  return {
    create: async () => undefined,
    async openProducer(address) {
      const queue = await open(address);
      const add = (payload: Payload, { priority, dueAt }: Placing = {}) => {
        const job = queue.create("bench", payload);
        if (priority !== undefined) job.priority(-priority);
        if (dueAt !== undefined) job.delay(Math.max(0, dueAt - Date.now()));
        return promisify((done: (error: Error | null) => void) => job.save(done))();
      };
      return {
        add,
        addMany: (payloads, place) => inHundreds(payloads, (payload) => add(payload, place?.(payload))),
        close: () => close(queue),
      };
    },
    async openConsumer(address, perform) {
      const queue = await open(address);
      return {
        async start() {
          queue.process("bench", Number(argument), ({ data }, done) => {
            perform(data);
            done();
          });
        },
        stop: () => close(queue),
      };
    },
    async openBooks(address) {
      const queue = await open(address);
      const count = (name: "inactive" | "active" | "delayed" | "complete" | "failed") =>
        promisify((done: (error: Error | null, count: number) => void) => queue[`${name}Count`](done))();
      const left = async () => (await count("inactive")) + (await count("active")) + (await count("delayed"));
      return {
        isIdle: async () => (await left()) === 0,
        async assertCompleted(expected) {
          assertCounts(
            { left: await left(), failed: await count("failed"), complete: await count("complete") },
            { left: 0, failed: 0, complete: expected },
          );
        },
        waiting: async () => (await count("inactive")) + (await count("delayed")),
        close: () => close(queue),
      };
    },
  };
}

async function open(address: string) {
  const { hostname, port } = new URL(address);
  const kue = await importPeer<Kue>("kue");
  return kue.createQueue({ redis: { host: hostname, port: Number(port) } });
}

function close(queue: Awaited<ReturnType<typeof open>>): Promise<void> {
  return new Promise((resolve) => {
    queue.shutdown(5000, resolve);
  });
}
