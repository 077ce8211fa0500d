import assert from "node:assert/strict";
import { importPeer } from "../peers.ts";
import type { Payload, Placing, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";

type BeeQueue = new (
  name: string,
  settings: object,
) => {
  createJob(data: Payload): Job;
  saveAll(jobs: readonly Job[]): Promise<ReadonlyMap<Job, Error>>;
  process(concurrency: number, work: (job: { readonly data: Payload }) => Promise<void>): void;
  checkHealth(): Promise<{
    waiting: number;
    active: number;
    succeeded: number;
    failed: number;
    delayed: number;
  }>;
  ready(): Promise<unknown>;
  close(): Promise<void>;
};

interface Job {
  delayUntil(time: number): Job;
  save(): Promise<unknown>;
}

/** bee-queue with its default settings; delayed jobs, which only work where somebody says so, are on. `argument` is the concurrency. */
export function createBeeQueue(argument: string): Subject {
  return {
    async create(address) {
      const queue = await open(address, false);
      await queue.close();
    },
    async openProducer(address) {
      const queue = await open(address, false);
      const toJob = (payload: Payload, { dueAt }: Placing = {}) => {
        const job = queue.createJob(payload);
        return dueAt === undefined ? job : job.delayUntil(dueAt);
      };
      return {
        add: (payload, placing) => toJob(payload, placing).save(),
        async addMany(payloads, place) {
          const errors = await queue.saveAll(payloads.map((payload) => toJob(payload, place?.(payload))));
          assert.equal(errors.size, 0);
        },
        close: () => queue.close(),
      };
    },
    async openConsumer(address, perform) {
      const queue = await open(address, true);
      return {
        async start() {
          queue.process(Number(argument), async ({ data }) => perform(data));
        },
        stop: () => queue.close(),
      };
    },
    async openBooks(address) {
      const queue = await open(address, false);
      return {
        async isIdle() {
          const { waiting, active, delayed } = await queue.checkHealth();
          return waiting + active + delayed === 0;
        },
        async assertCompleted(count) {
          const { waiting, active, failed, delayed, succeeded } = await queue.checkHealth();
          const left = { waiting: 0, active: 0, failed: 0, delayed: 0 };
          assertCounts({ waiting, active, failed, delayed, succeeded }, { ...left, succeeded: count });
        },
        async waiting() {
          const { waiting, delayed } = await queue.checkHealth();
          return waiting + delayed;
        },
        close: () => queue.close(),
      };
    },
  };
}

async function open(address: string, isWorker: boolean) {
  const { hostname, port } = new URL(address);
  const redis = { host: hostname, port: Number(port) };
  const Queue = await importPeer<BeeQueue>("bee-queue");
  const queue = new Queue("bench", { redis, isWorker, activateDelayedJobs: isWorker });
  await queue.ready();
  return queue;
}
