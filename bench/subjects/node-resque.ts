import { importPeer } from "../peers.ts";
import type { Payload, Placing, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";
import { inHundreds } from "./many.ts";

interface NodeResque {
  readonly Queue: new (
    options: object,
    jobs: object,
  ) => {
    connect(): Promise<void>;
    enqueue(queue: string, job: string, args: readonly unknown[]): Promise<unknown>;
    queues(): Promise<readonly string[]>;
    length(queue: string): Promise<number>;
    stats(): Promise<Record<string, string | undefined>>;
    failedCount(): Promise<number>;
    allWorkingOn(): Promise<Record<string, unknown>>;
    end(): Promise<void>;
  };
  readonly Worker: new (options: object, jobs: object) => NodeResqueWorker;
  readonly MultiWorker: new (options: object, jobs: object) => NodeResqueWorker;
}

interface NodeResqueWorker {
  connect?(): Promise<void>;
  start(): unknown;
  end(): Promise<void>;
}

/**
 * node-resque with its default settings. A worker of it runs one job at a time; beyond a concurrency of 1 it is its
 * MultiWorker with as many of them. `argument` is `CONCURRENCY[,QUEUES]`.
 */
export function createNodeResque(argument: string): Subject {
  const [concurrency = "1", queues = "bench"] = argument.split(",");
  return {
    create: async () => undefined,
    async openProducer(address) {
      const queue = await openQueue(address);
      const add = (payload: Payload, { queue: name = "bench" }: Placing = {}) =>
        queue.enqueue(name, "bench", [payload]);
      return {
        add,
        addMany: (payloads, place) => inHundreds(payloads, (payload) => add(payload, place?.(payload))),
        close: () => queue.end(),
      };
    },
    async openConsumer(address, perform) {
      const { Worker, MultiWorker } = await load();
      const jobs = { bench: { perform: async (payload: Payload) => perform(payload) } };
      const count = Number(concurrency);
      const options = { ...connect(address), queues: [queues] };
      const worker: NodeResqueWorker =
        count === 1
          ? new Worker(options, jobs)
          : new MultiWorker({ ...options, minTaskProcessors: count, maxTaskProcessors: count }, jobs);
      await worker.connect?.();
      return {
        async start() {
          void worker.start();
        },
        stop: () => worker.end(),
      };
    },
    async openBooks(address) {
      const queue = await openQueue(address);
      const waiting = async () => {
        const lengths = await Promise.all((await queue.queues()).map((name) => queue.length(name)));
        return lengths.reduce((sum, length) => sum + length, 0);
      };
      const processed = async () => Number((await queue.stats())["processed"] ?? 0);
      return {
        isIdle: async () =>
          (await waiting()) === 0 &&
          Object.values(await queue.allWorkingOn()).every((work) => work === "started" || work === null),
        // It deletes what is done, and counts it.
        async assertCompleted(count) {
          assertCounts(
            { processed: await processed(), failed: await queue.failedCount() },
            { processed: count, failed: 0 },
          );
        },
        waiting,
        close: () => queue.end(),
      };
    },
  };
}

function connect(address: string) {
  const { hostname, port } = new URL(address);
  return { connection: { host: hostname, port: Number(port), pkg: "ioredis" } };
}

function load() {
  return importPeer<NodeResque>("node-resque");
}

async function openQueue(address: string) {
  const queue = new (await load()).Queue(connect(address), {});
  await queue.connect();
  return queue;
}
