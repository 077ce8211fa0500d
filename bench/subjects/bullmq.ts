import { importPeer } from "../peers.ts";
import type { Payload, Placing, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";

const QUEUE = "bench";

interface BullMQ {
  readonly Queue: new (name: string, options: object, backend?: unknown) => Queue;
  readonly Worker: new (
    name: string,
    work: (job: { readonly data: Payload }) => Promise<void>,
    options: object,
    backend?: unknown,
  ) => { run(): Promise<void>; close(): Promise<void>; waitUntilReady(): Promise<unknown> };
  readonly createPostgresBackend: unknown;
}

interface Queue {
  add(name: string, data: Payload, options?: object): Promise<unknown>;
  addBulk(jobs: readonly { name: string; data: Payload; opts?: object }[]): Promise<unknown>;
  getJobCounts(...states: string[]): Promise<Record<string, number>>;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** BullMQ with its default settings on Redis or PostgreSQL, as the address says; `argument` is the concurrency. */
export function createBullMQ(argument: string): Subject {
  const open = async (address: string) => {
    const { Queue, Worker, createPostgresBackend } = await importPeer<BullMQ>("bullmq");
    const isRedis = address.startsWith("redis:");
    const { hostname, port } = new URL(address);
    const backend = isRedis ? undefined : createPostgresBackend;
    const connection = isRedis
      ? { host: hostname, port: Number(port) }
      : { connectionString: address, migrate: true };
    return {
      queue: () => new Queue(QUEUE, { connection }, backend),
      worker: (work: (job: { readonly data: Payload }) => Promise<void>) =>
        new Worker(
          QUEUE,
          work,
          { connection, concurrency: Number(argument || "1"), autorun: false },
          backend,
        ),
    };
  };
  return {
    async create(address) {
      const queue = (await open(address)).queue();
      await queue.waitUntilReady();
      await queue.close();
    },
    async openProducer(address) {
      const queue = (await open(address)).queue();
      await queue.waitUntilReady();
      return {
        add: (payload, placing) => queue.add("bench", payload, placing && toOptions(placing)),
        addMany: (payloads, place) =>
          queue.addBulk(
            payloads.map((data) => ({
              name: "bench",
              data,
              ...(place === undefined ? {} : { opts: toOptions(place(data)) }),
            })),
          ),
        close: () => queue.close(),
      };
    },
    async openConsumer(address, perform) {
      const worker = (await open(address)).worker(async ({ data }) => perform(data));
      await worker.waitUntilReady();
      return { start: () => worker.run(), stop: () => worker.close() };
    },
    async openBooks(address) {
      const queue = (await open(address)).queue();
      const LEFT = ["wait", "active", "delayed", "prioritized"];
      const total = async (...states: string[]) =>
        Object.values(await queue.getJobCounts(...states)).reduce((sum, count) => sum + count, 0);
      return {
        isIdle: async () => (await total(...LEFT)) === 0,
        async assertCompleted(count) {
          const counts = { left: await total(...LEFT), failed: await total("failed") };
          assertCounts(
            { ...counts, completed: await total("completed") },
            { left: 0, failed: 0, completed: count },
          );
        },
        waiting: () => total("wait", "delayed", "prioritized"),
        close: () => queue.close(),
      };
    },
  };
}

/** Its most urgent priority is 1; a job without one comes before all. */
function toOptions({ priority, dueAt }: Placing) {
  return {
    ...(priority === undefined ? {} : { priority: 11 - priority }),
    ...(dueAt === undefined ? {} : { delay: Math.max(0, dueAt - Date.now()) }),
  };
}
