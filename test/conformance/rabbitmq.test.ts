import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { connect } from "amqplib";
import { afterAll } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { LIMITS } from "../../src/testing/conformance/limits.ts";
import { runDir } from "../support/run-dir.ts";
import { service } from "../support/services.ts";
import { runConformance } from "./run.ts";

const { url: server, unavailable } = await service("rabbitmq");
const prefix = `t${process.pid}`;
/** Documents are kept by a second broker. */
const store = `sqlite:${join(mkdtempSync(join(runDir(), "documents-")), "store.db")}?synchronous=off`;
const url = `${server}?prefix=${prefix}&store=${encodeURIComponent(store)}`;

runConformance("rabbitmq", {
  unavailable,
  async open() {
    const broker = await openBroker(url);
    return {
      broker,
      reopen: () => openBroker(url),
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
      },
    };
  },
  exceptions: LIMITS["rabbitmq"] ?? {},
});

/** Nobody is to find hundreds of queues on a server that is not the tests' own. */
afterAll(async () => {
  if (unavailable !== undefined) return;
  const { lanes, levels } = await left();
  const connection = await connect(server);
  const channel = await connection.createChannel();
  const queues = [...lanes, ...levels, `${prefix}.names`, `${prefix}.failed`];
  for (const queue of queues) await channel.deleteQueue(queue);
  const exchanges = [...levels, `${prefix}.delay`, `${prefix}.due`, `${prefix}.news`];
  for (const exchange of exchanges) await channel.deleteExchange(exchange);
  await connection.close();
});

/** What the cases left behind: a queue for each queue and priority, and those of the delays. */
async function left(): Promise<{ readonly lanes: readonly string[]; readonly levels: readonly string[] }> {
  const connection = await connect(server);
  const channel = await connection.createChannel();
  await channel.prefetch(1000);
  const lanes: string[] = [];
  await channel.consume(
    `${prefix}.names`,
    (message) => {
      if (message === null) return;
      channel.ack(message);
      const [queue, priority]: readonly [string, number] = JSON.parse(message.content.toString());
      lanes.push(`${prefix}.q.${queue}${priority === 0 ? "" : `~${priority}`}`);
    },
    { arguments: { "x-stream-offset": "first" } },
  );
  for (let known = -1; lanes.length > known; ) {
    known = lanes.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await connection.close();
  return { lanes, levels: Array.from({ length: 32 }, (_, level) => `${prefix}.delay.${level}`) };
}
