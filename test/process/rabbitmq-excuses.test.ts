import { once } from "node:events";
import { connect } from "amqplib";
import { afterAll, expect, it } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { service } from "../support/services.ts";

const { url: server, unavailable } = await service("rabbitmq");
const prefix = `excuses${process.pid}`;

afterAll(async () => {
  if (unavailable === undefined) await deleteQueues(server, prefix);
});

it.skipIf(unavailable !== undefined)(
  "takes a crash back that it counted for a job whose process turns out to live, while another runs it",
  async () => {
    const direct = new URL(server);
    await using proxy = await Proxy.start(Number(direct.port) || 5672);
    const far = new URL(direct);
    far.host = `127.0.0.1:${proxy.port}`;
    for (const url of [direct, far]) url.searchParams.set("prefix", prefix);
    await using near = await openBroker(direct.href);
    await using cutOff = await openBroker(far.href);
    const request = { queues: ["work"], limit: 1 };
    await near.heartbeat(
      ["near", "far"].map((holder) => ({ holder, queues: "work" })),
      60_000,
    );
    const [id] = await near.enqueue([{ queue: "work", name: "task", payload: "1", maxCrashes: 2 }]);
    const take = async (broker: typeof near, holder: string) =>
      eventually(`${holder} has the job`, async () => (await broker.claim({ ...request, holder }))[0]);
    expect(await take(cutOff, "far")).toMatchObject({ id, crashes: 0 });

    const connection = await connect(server);
    const channel = await connection.createChannel();
    const { queue } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(queue, `${prefix}.news`, "");
    const excused = new Promise<void>((resolve) => {
      void channel.consume(queue, (message) => {
        if (message?.content.toString().includes(String(id)) === true) resolve();
      });
    });
    proxy.swallow();
    proxy.cut();
    const theirs = await take(near, "near");
    expect(theirs).toMatchObject({ id, crashes: 1 });
    proxy.pass();
    await excused;
    // What was told to all is behind the answers that are on their way to this one.
    for (let n = 0; n < 5; n++) await near.claim({ ...request, queues: ["else"], holder: "near" });
    const error = { name: "Error", message: "again" };
    await near.settle([{ id: theirs.id, token: theirs.token, kind: "retry", delayMs: 0, error }]);

    expect(await take(near, "near")).toMatchObject({ id, attempts: 1, crashes: 0 });
    const closed = once(connection, "close");
    await connection.close();
    await closed;
  },
);
