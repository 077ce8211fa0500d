import { afterAll, expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { service } from "../support/services.ts";

const { url, unavailable } = await service("rabbitmq");
const prefix = `close${process.pid}`;
const COUNT = 2000;
const open = () => openBroker(`${url}?prefix=${prefix}`);

afterAll(async () => {
  if (unavailable === undefined) await deleteQueues(url, prefix);
});

/** It fetches ahead as many jobs as were claimed, which go back when it is closed. */
test.skipIf(unavailable !== undefined)("a broker that is closed leaves each job once", async () => {
  const done = new Set<string>();
  {
    await using broker = await open();
    const jobs = Array.from({ length: COUNT }, () => ({ queue: "mail", name: "task", payload: "1" }));
    await broker.enqueue(jobs);
    for (let round = 0; round < 3; round++) await work(broker, "first", done);
  }
  await using broker = await open();
  while (done.size < COUNT) await work(broker, "second", done);
  expect(await broker.counts?.ready()).toEqual([]);
});

/** Completes up to 200 jobs, of which none may have been completed before. */
async function work(broker: Broker, holder: string, done: Set<string>): Promise<void> {
  await broker.heartbeat([{ holder, queues: "mail" }], 60_000);
  const claims = await broker.claim({ queues: ["mail"], limit: 200, holder });
  for (const { id } of claims) {
    expect(done).not.toContain(id);
    done.add(id);
  }
  await broker.settle(claims.map(({ id, token }) => ({ kind: "completed", id, token })));
}
