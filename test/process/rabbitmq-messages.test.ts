import { type ChannelModel, connect, type Options } from "amqplib";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { isGangerError } from "../../src/errors.ts";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { service } from "../support/services.ts";

const { url, unavailable } = await service("rabbitmq");
const prefix = `messages${process.pid}`;
const HOLDER = "host:1:holder";
const request = (queues: readonly string[], limit = 10) => ({ queues, limit, holder: HOLDER });
const job = (queue: string, payload = "1") => ({ queue, name: "task", payload });
const someJobs = (amount: number, queue: string) => Array.from({ length: amount }, () => job(queue));

let broker: Broker;
let server: ChannelModel;

beforeEach(async () => {
  if (unavailable !== undefined) return;
  broker = await openBroker(`${url}?prefix=${prefix}`);
  server = await connect(url);
  await broker.heartbeat([{ holder: HOLDER, queues: "*" }], 60_000);
});

afterEach(async () => {
  await server?.close();
  await broker?.[Symbol.asyncDispose]();
});

afterAll(async () => {
  if (unavailable === undefined) await deleteQueues(url, prefix);
});

async function publish(queue: string, options: Options.Publish): Promise<void> {
  const channel = await server.createConfirmChannel();
  channel.publish("", `${prefix}.q.${queue}`, Buffer.from("1"), { persistent: true, ...options });
  await channel.waitForConfirms();
}

/** Everything that is named or told without a name from now on. */
async function wakes(): Promise<(string | undefined)[]> {
  const heard: (string | undefined)[] = [];
  await broker.wakeups?.subscribe((queue) => heard.push(queue));
  return heard;
}

const there = { skip: unavailable !== undefined };

test("runs a job whose time is in a header, or in seconds", there, async () => {
  await broker.enqueue([job("mail")]);
  await publish("mail", { messageId: "old", type: "task", headers: { q: "mail", t: 1_700_000_000_123 } });
  await publish("mail", { messageId: "stamped", type: "task", timestamp: 1_700_000_000 });

  const claims = await broker.claim(request(["mail"]));

  expect(claims.map(({ id, enqueuedAtMs }) => [id, enqueuedAtMs]).slice(1)).toEqual([
    ["old", 1_700_000_000_123],
    ["stamped", 1_700_000_000_000],
  ]);
});

test("takes the payload of a job that became due for no news", there, async () => {
  await broker.enqueue([{ ...job("later"), delayMs: 1 }]);
  const channel = await server.createChannel();
  await channel.bindExchange(`${prefix}.news`, `${prefix}.due`, "#");
  const heard = await wakes();

  await broker.enqueue([{ ...job("later", '{"queues":["payload"]}'), delayMs: 20 }]);
  let came = 0;
  await eventually("both came", async () => {
    came += (await broker.claim(request(["later"]))).length;
    return came === 2;
  });
  await broker.enqueue([job("mark")]);
  await eventually("news is heard", () => heard.includes("mark"));

  expect(heard).not.toContain("payload");
});

test("names no queue as the only one with jobs after a claim that left others out", there, async () => {
  const heard = await wakes();
  // What is not claimed for a while goes back: a machine that is very busy may need another try.
  await eventually("a claim of a part is told without a name", async () => {
    await broker.enqueue([...someJobs(300, "stream"), ...someJobs(1, "behind")]);
    for (let left = 2; left > 0; left--) {
      const claims = await broker.claim(request(["stream", "behind"], 200));
      await broker.settle(claims.map(({ id, token }) => ({ id, token, kind: "completed" })));
    }
    return heard.includes(undefined);
  });
});

test("refuses what a silent server does not confirm, however much more is asked of it", there, async () => {
  const direct = new URL(url);
  await using proxy = await Proxy.start(Number(direct.port || 5672));
  direct.port = String(proxy.port);
  await using producer = await openBroker(`${direct.href}?prefix=${prefix}`);
  await producer.enqueue([job("mail")]);
  proxy.swallow();

  const answers: string[] = [];
  const ask = () => {
    producer.enqueue([job("mail")]).then(
      () => answers.push("accepted"),
      (error: unknown) => answers.push(isGangerError(error) ? error.code : String(error)),
    );
  };
  ask();
  const others = setInterval(ask, 500);
  try {
    await eventually("the first is answered", () => answers.length > 0, 12_000);
  } finally {
    clearInterval(others);
    proxy.cut();
    proxy.pass();
  }
  expect(answers[0]).toBe("GANGER_BROKER_UNREACHABLE");
});
