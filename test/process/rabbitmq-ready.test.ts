import assert from "node:assert/strict";
import { afterAll, expect, test } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { eventually } from "../support/eventually.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { service } from "../support/services.ts";

const { url, unavailable } = await service("rabbitmq");
const prefix = `ready${process.pid}`;
const HOLDER = "host:1:holder";
const REQUEST = { queues: ["mail"], limit: 10, holder: HOLDER };

afterAll(async () => {
  if (unavailable === undefined) await deleteQueues(url, prefix);
});

/** The server does not count as waiting what it has sent: a worker with the list `*` would leave it, and it went back after 200 ms. */
test.skipIf(unavailable !== undefined)(
  "names the queue of a job that has come and is not claimed",
  async () => {
    await using broker = await openBroker(`${url}?prefix=${prefix}`);
    assert(broker.counts);
    await broker.heartbeat([{ holder: HOLDER, queues: "*" }], 60_000);
    await broker.enqueue([{ queue: "mail", name: "task", payload: "1" }]);
    expect(await broker.claim(REQUEST)).toHaveLength(1);
    // It asked for more than there was, so that the next comes by itself.
    let fastestMs = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      await broker.enqueue([{ queue: "mail", name: "task", payload: "2" }]);
      const start = performance.now();
      await eventually("mail has a job", async () => ((await broker.counts?.ready()) ?? []).length > 0);
      fastestMs = Math.min(fastestMs, performance.now() - start);
      expect(await broker.claim(REQUEST)).toHaveLength(1);
      expect(await broker.counts.ready()).toEqual([]);
    }
    // Sooner than what nobody claims is given back.
    expect(fastestMs).toBeLessThan(150);
  },
);
