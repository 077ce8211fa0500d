import assert from "node:assert/strict";
import Database from "better-sqlite3";
import { buildDBClient, Runner, SqliteQueue } from "liteque";
import type { Payload, Subject } from "../subject.ts";

/** liteque sets WAL and synchronous NORMAL by itself. Settings as in its README, but that failed jobs are kept to be seen. */
export function createLiteque(): Subject {
  return {
    async create(file) {
      open(file, true);
    },
    async openProducer(file) {
      const queue = open(file);
      return {
        add: (payload) => queue.enqueue(payload),
        async addMany(payloads) {
          for (const payload of payloads) await queue.enqueue(payload);
        },
        async close() {},
      };
    },
    async openConsumer(file, perform) {
      const runner = new Runner<Payload>(
        open(file),
        { run: async ({ data }) => perform(data) },
        { concurrency: 1, pollIntervalMs: 1000, timeoutSecs: 60 },
      );
      return {
        async start() {
          runner.run().catch((error: unknown) => {
            console.error(error);
            process.exit(1);
          });
        },
        async stop() {
          runner.stop();
        },
      };
    },
    async openBooks(file) {
      const database = new Database(file, { readonly: true });
      const unfinished = database
        .prepare("select exists (select 1 from tasks where status <> 'failed')")
        .pluck();
      return {
        isIdle: async () => unfinished.get() === 0,
        // It deletes what is done, so that the number of runs is the workers' word.
        async assertCompleted() {
          assert.equal(database.prepare("select count(*) from tasks").pluck().get(), 0);
        },
        waiting: async () =>
          Number(database.prepare("select count(*) from tasks where status = 'pending'").pluck().get()),
        async close() {
          database.close();
        },
      };
    },
  };
}

function open(file: string, runMigrations = false): SqliteQueue<Payload> {
  const client = buildDBClient(file, { runMigrations });
  // Its worker hands an async function to a transaction. Up to 11.9, better-sqlite3 ran that as an empty transaction
  // followed by the statements, each for itself; since then it throws. This brings the former behaviour back.
  Object.assign(client, { transaction: (work: (client: unknown) => unknown) => work(client) });
  return new SqliteQueue(TYPE, client, { defaultJobArgs: { numRetries: 2 }, keepFailedJobs: true });
}

const TYPE = "bench";
