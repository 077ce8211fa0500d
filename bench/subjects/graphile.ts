import assert from "node:assert/strict";
import pg from "pg";
import { importPeer, isNode } from "../peers.ts";
import type { Payload, Placing, Subject } from "../subject.ts";

const TASK = "bench";

interface Graphile {
  makeWorkerUtils(options: object): Promise<{
    migrate(): Promise<void>;
    addJob(task: string, payload: Payload, spec?: object): Promise<unknown>;
    addJobs(specs: readonly object[]): Promise<unknown>;
    release(): Promise<void>;
  }>;
  run(options: object): Promise<{ stop(): Promise<void> }>;
  readonly Logger: new (factory: () => () => void) => unknown;
}

/** The newest graphile-worker that this Node can run. */
export const GRAPHILE = isNode(22, 18) ? "graphile-worker-18" : "graphile-worker";

/**
 * graphile-worker; `argument` is `CONCURRENCY[,batched]`. Batched is what its documents advise for speed: a local queue of
 * 500 jobs, and completions by the batch. Its logger, which prints a line a job, is silenced.
 */
export function createGraphile(argument: string): Subject {
  const [concurrency = "1", mode = ""] = argument.split(",");
  return {
    async create(address) {
      const utils = await openUtils(address);
      await utils.migrate();
      await utils.release();
    },
    async openProducer(address) {
      const utils = await openUtils(address);
      return {
        add: (payload, placing) => utils.addJob(TASK, payload, placing && toSpec(placing)),
        addMany: (payloads, place) =>
          utils.addJobs(
            payloads.map((payload) => ({
              identifier: TASK,
              payload,
              ...(place === undefined ? {} : toSpec(place(payload))),
            })),
          ),
        close: () => utils.release(),
      };
    },
    async openConsumer(address, perform) {
      const { graphile, logger } = await load();
      const concurrentJobs = Number(concurrency);
      const batched = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
      const preset = { worker: { concurrentJobs, ...(mode === "batched" ? batched : {}) } };
      const taskList = { [TASK]: async (payload: Payload) => perform(payload) };
      let runner: { stop(): Promise<void> } | undefined;
      return {
        async start() {
          const options = { connectionString: address, taskList, noHandleSignals: true, logger, preset };
          runner = await graphile.run(options);
        },
        stop: async () => runner?.stop(),
      };
    },
    async openBooks(address) {
      const client = new pg.Client(address);
      await client.connect();
      const ask = async (text: string) => Object.values((await client.query<object>(text)).rows[0] ?? {})[0];
      const left = () => ask("select count(*)::int from graphile_worker._private_jobs");
      return {
        isIdle: async () =>
          (await ask("select exists (select 1 from graphile_worker._private_jobs)")) === false,
        // It deletes what is done, so that the number of runs is the workers' word.
        async assertCompleted() {
          assert.equal(await left(), 0);
        },
        waiting: async () => Number(await left()),
        close: () => client.end(),
      };
    },
  };
}

/** Its most urgent priority is the least. */
function toSpec({ priority, dueAt }: Placing) {
  return {
    ...(priority === undefined ? {} : { priority: -priority }),
    ...(dueAt === undefined ? {} : { runAt: new Date(dueAt) }),
  };
}

async function load() {
  const graphile = await importPeer<Graphile>(GRAPHILE);
  return { graphile, logger: new graphile.Logger(() => () => {}) };
}

async function openUtils(connectionString: string) {
  const { graphile, logger } = await load();
  return await graphile.makeWorkerUtils({ connectionString, logger });
}
