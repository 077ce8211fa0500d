import { setTimeout as delay } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import type { Claim, Outcome } from "../../src/broker/claim.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { isGangerError } from "../../src/errors.ts";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { deleteQueues } from "../support/rabbitmq-queues.ts";
import { service } from "../support/services.ts";

const { url, unavailable } = await service("rabbitmq");
const prefix = `settle${process.pid}`;
const HOLDER = "host:1:holder";
const there = { skip: unavailable !== undefined, timeout: 60_000 };
const error = { name: "Error", message: "once more" };

let proxy: Proxy;
let broker: Broker;
let server: ChannelModel;

beforeEach(async () => {
  if (unavailable !== undefined) return;
  const direct = new URL(url);
  proxy = await Proxy.start(Number(direct.port || 5672));
  direct.port = String(proxy.port);
  broker = await openBroker(`${direct.href}?prefix=${prefix}`);
  server = await connect(url);
  await broker.heartbeat([{ holder: HOLDER, queues: "*" }], 600_000);
});

afterEach(async () => {
  await server?.close();
  await broker?.[Symbol.asyncDispose]();
  await proxy?.[Symbol.asyncDispose]();
});

afterAll(async () => {
  if (unavailable === undefined) await deleteQueues(url, prefix);
});

const jobs = (amount: number, queue: string) =>
  Array.from({ length: amount }, () => ({ queue, name: "task", payload: "1", maxCrashes: 1 }));

/** Claims until there are so many; what a broken connection fails is tried again. */
async function claimAll(queue: string, amount: number): Promise<readonly Claim[]> {
  const claims = new Map<string, Claim>();
  await eventually(
    () => `${amount} jobs are claimed, not ${claims.size}`,
    async () => {
      const request = { queues: [queue], limit: amount, holder: HOLDER };
      for (const claim of await broker.claim(request).catch(() => [])) claims.set(claim.id, claim);
      return claims.size === amount;
    },
  );
  return [...claims.values()];
}

const retry = ({ id, token }: Claim): Outcome => ({ id, token, kind: "retry", delayMs: 0, error });

test("settles and sends once what it can beside a job that cannot be sent on", there, async () => {
  const channel = await server.createChannel();
  const stuck = `${prefix}.q.stuck`;
  await channel.assertQueue(stuck, { durable: true, arguments: { "x-queue-type": "quorum" } });
  await broker.enqueue(jobs(3, "work"));
  const [first, second, third] = await claimAll("work", 3);
  if (first === undefined || second === undefined || third === undefined) throw new Error("there are three");
  const outcomes: Outcome[] = [
    { id: first.id, token: first.token, kind: "completed" },
    retry(second),
    { id: third.id, token: third.token, kind: "advanced", queue: "stuck" },
  ];
  for (let tries = 0; tries < 3; tries++) {
    await expect(broker.settle(outcomes)).rejects.toMatchObject({ code: "GANGER_BROKER_UNSUITED" });
  }
  const again = await claimAll("work", 1);
  expect(await broker.claim({ queues: ["work"], limit: 5, holder: HOLDER })).toEqual([]);
  expect(again).toMatchObject([{ id: second.id, attempts: 1 }]);

  await channel.deleteQueue(stuck);
  expect((await broker.settle(outcomes)).settled).toEqual([true, true, true]);
  expect(await claimAll("stuck", 1)).toMatchObject([{ id: third.id }]);
  expect((await broker.settle(outcomes)).settled).toEqual([false, false, false]);
});

test("counts no crash for what is claimed or settled while the connection is lost", there, async () => {
  const AMOUNT = 50;
  await broker.enqueue(jobs(AMOUNT, "lossy"));
  for (let round = 0; round < 12; round++) {
    const claims = await claimAll("lossy", AMOUNT);
    expect(claims.filter(({ crashes }) => crashes > 0)).toEqual([]);
    const settling = broker.settle(
      claims.map(({ id, token }) => ({ id, token, kind: "released", started: false })),
      { queues: ["lossy"], limit: 2 * AMOUNT, holder: HOLDER },
    );
    // At any moment of it; the jobs may come twice where nobody knows whether they were sent on.
    await delay(round);
    proxy.cut();
    const answer = await settling.catch(() => undefined);
    const more = await eventually("the connection is back", () =>
      broker.claim({ queues: ["lossy"], limit: 10_000, holder: HOLDER }).catch(() => undefined),
    );
    const back = [...(answer?.claimed ?? []), ...more];
    expect(back.filter(({ crashes }) => crashes > 0)).toEqual([]);
    await eventually("they are given back", () =>
      broker.settle(back.map(({ id, token }) => ({ id, token, kind: "released", started: false }))).then(
        () => true,
        (reason: unknown) => {
          if (!isGangerError(reason, "GANGER_BROKER_UNREACHABLE")) throw reason;
          return false;
        },
      ),
    );
  }
});
