import { importPeer } from "../peers.ts";
import type { Payload, Placing, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";

type Bull = new (
  name: string,
  url: string,
) => {
  add(data: Payload, options?: object): Promise<unknown>;
  addBulk(jobs: readonly { data: Payload; opts?: object }[]): Promise<unknown>;
  process(concurrency: number, work: (job: { readonly data: Payload }) => Promise<void>): Promise<void>;
  getJobCounts(): Promise<{
    waiting: number;
    active: number;
    completed: number;
    failed: number;
    delayed: number;
  }>;
  isReady(): Promise<unknown>;
  close(): Promise<void>;
};

/** Bull with its default settings; `argument` is the concurrency. */
export function createBull(argument: string): Subject {
  return {
    async create(address) {
      const queue = await open(address);
      await queue.close();
    },
    async openProducer(address) {
      const queue = await open(address);
      return {
        add: (payload, placing) => queue.add(payload, placing && toOptions(placing)),
        addMany: (payloads, place) =>
          queue.addBulk(
            payloads.map((data) => ({
              data,
              ...(place === undefined ? {} : { opts: toOptions(place(data)) }),
            })),
          ),
        close: () => queue.close(),
      };
    },
    async openConsumer(address, perform) {
      const queue = await open(address);
      return {
        async start() {
          await queue.process(Number(argument), async ({ data }) => perform(data));
        },
        stop: () => queue.close(),
      };
    },
    async openBooks(address) {
      const queue = await open(address);
      return {
        async isIdle() {
          const { waiting, active, delayed } = await queue.getJobCounts();
          return waiting + active + delayed === 0;
        },
        async assertCompleted(count) {
          const none = { waiting: 0, active: 0, failed: 0, delayed: 0 };
          const { waiting, active, failed, delayed, completed } = await queue.getJobCounts();
          assertCounts({ waiting, active, failed, delayed, completed }, { ...none, completed: count });
        },
        async waiting() {
          const { waiting, delayed } = await queue.getJobCounts();
          return waiting + delayed;
        },
        close: () => queue.close(),
      };
    },
  };
}

/** Its most urgent priority is 1. */
function toOptions({ priority, dueAt }: Placing) {
  return {
    ...(priority === undefined ? {} : { priority: 11 - priority }),
    ...(dueAt === undefined ? {} : { delay: Math.max(0, dueAt - Date.now()) }),
  };
}

async function open(address: string) {
  const queue = new (await importPeer<Bull>("bull"))("bench", address);
  await queue.isReady();
  return queue;
}
