import { afterAll, expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { service } from "../support/services.ts";

const { url, unavailable } = await service("rabbitmq");
const prefix = `growth${process.pid}`;
const WORKERS = 4;
const ROUNDS = 6;
const JOBS = 3000;

afterAll(async () => {
  if (unavailable === undefined) await deleteQueues(url, prefix);
});

/** The server counts as a return, as after a death, what it sends to a consumer while it learns of its end. */
test.skipIf(unavailable !== undefined)(
  "workers that claim more and more at a time count no crash",
  { timeout: 60_000 },
  async () => {
    const brokers = await Promise.all(
      Array.from({ length: WORKERS }, () => openBroker(`${url}?prefix=${prefix}`)),
    );
    try {
      let done = 0;
      let crashed = 0;
      for (let round = 1; round <= ROUNDS; round++) {
        const queue = `mail${round}`;
        const jobs = Array.from({ length: JOBS }, () => ({ queue, name: "task", payload: "1" }));
        await brokers[0]?.enqueue(jobs);
        const grow = async (broker: Broker, number: number): Promise<void> => {
          const holder = `host:1:${number}`;
          await broker.heartbeat([{ holder, queues: queue }], 60_000);
          for (let limit = 1; done < round * JOBS; limit = Math.min(limit * 2, 500)) {
            const claims = await broker.claim({ queues: [queue], limit, holder });
            done += claims.length;
            crashed += claims.filter(({ crashes }) => crashes > 0).length;
            await broker.settle(claims.map(({ id, token }) => ({ id, token, kind: "completed" })));
          }
        };
        await Promise.all(brokers.map(grow));
      }
      expect({ done, crashed }).toEqual({ done: ROUNDS * JOBS, crashed: 0 });
    } finally {
      for (const broker of brokers) await broker[Symbol.asyncDispose]();
    }
  },
);
