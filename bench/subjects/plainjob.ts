import assert from "node:assert/strict";
import Database from "better-sqlite3";
import { better, defineQueue, defineWorker, JobStatus, type Queue } from "plainjob";
import type { Subject } from "../subject.ts";

const TYPE = "bench";
/** Its default prints several lines a job. */
const QUIET = { error: console.error, warn: console.warn, info: () => {}, debug: () => {} };

/** plainjob sets WAL, synchronous NORMAL and a busy time-out of 5 s by itself. The argument is its poll interval in ms. */
export function createPlainjob(argument: string): Subject {
  return {
    async create(file) {
      open(file).close();
    },
    async openProducer(file) {
      const queue = open(file);
      return {
        add: async (payload) => queue.add(TYPE, payload),
        addMany: async (payloads) => queue.addMany(TYPE, [...payloads]),
        close: async () => queue.close(),
      };
    },
    async openConsumer(file, perform) {
      const worker = defineWorker(
        TYPE,
        async (job) => {
          perform(JSON.parse(job.data));
        },
        {
          queue: open(file),
          logger: QUIET,
          ...(argument === "" ? {} : { pollIntervall: Number(argument) }),
        },
      );
      return {
        async start() {
          worker.start().catch((error: unknown) => {
            console.error(error);
            process.exit(1);
          });
        },
        stop: () => worker.stop(),
      };
    },
    async openBooks(file) {
      const queue = open(file);
      const database = new Database(file, { readonly: true });
      const unfinished = database
        .prepare("select exists (select 1 from plainjob_jobs where status in (?, ?))")
        .pluck();
      return {
        isIdle: async () => unfinished.get(JobStatus.Pending, JobStatus.Processing) === 0,
        async assertCompleted(count) {
          assert.equal(queue.countJobs({ status: JobStatus.Done }), count);
          assert.equal(queue.countJobs(), count);
        },
        waiting: async () => queue.countJobs({ status: JobStatus.Pending }),
        async close() {
          database.close();
          queue.close();
        },
      };
    },
  };
}

function open(file: string): Queue {
  return defineQueue({ connection: better(new Database(file)), logger: QUIET });
}
