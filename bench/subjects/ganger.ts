import assert from "node:assert/strict";
import { connect, defineJob, Worker } from "ganger";
import type { Books, Payload, Subject } from "../subject.ts";

/** Built `dist` by its public names, with default settings but for what `argument` says: `SYNCHRONOUS,CONCURRENCY`. */
export function createGanger(argument: string): Subject {
  const [synchronous = "full", concurrency = "10"] = argument.split(",");
  const open = (file: string) => connect(`sqlite:${file}?synchronous=${synchronous}`);
  return {
    async create(file) {
      const client = await open(file);
      await client[Symbol.asyncDispose]();
    },
    async openProducer(file) {
      const client = await open(file);
      const job = defineJob({ name: "bench", queue: "bench", async perform(_payload: Payload) {} });
      return {
        add: (payload) => client.enqueue(job, payload),
        addMany: (payloads) => client.enqueueMany(job, payloads),
        close: () => client[Symbol.asyncDispose](),
      };
    },
    async openConsumer(file, perform) {
      const client = await open(file);
      const job = defineJob({
        name: "bench",
        queue: "bench",
        async perform(payload: Payload) {
          perform(payload);
        },
      });
      const worker = new Worker(client.broker, [job], { concurrency: Number(concurrency) });
      return { start: () => worker.start() };
    },
    openBooks: async (file) => openBooks(await open(file)),
  };
}

function openBooks(client: Awaited<ReturnType<typeof connect>>): Books {
  const { inspect } = client.broker;
  assert(inspect !== undefined);
  return {
    async isIdle() {
      if ((await inspect.ready()).length > 0) return false;
      return (await inspect.holders()).every(({ held }) => held === 0);
    },
    async assertCompleted(count) {
      const [queue] = await inspect.queues();
      const left = { waiting: 0, scheduled: 0, blocked: 0, running: 0, failed: 0, cancelled: 0 };
      assert.deepEqual(queue?.counts, { ...left, completed: count });
    },
    close: () => client[Symbol.asyncDispose](),
  };
}
