import { connect, defineJob, isGangerError, Worker } from "ganger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BACK_MS } from "../support/common-faults.ts";
import { eventually } from "../support/eventually.ts";
import { PoolFolder } from "../support/pool-folder.ts";
import { RabbitmqLine } from "../support/rabbitmq-line.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { rabbitmq } from "../support/servers/rabbitmq.ts";
import { service } from "../support/services.ts";

const { unavailable } = await service("rabbitmq");

let server: PrivateServer;
const folder = new PoolFolder();

beforeAll(async () => {
  if (unavailable === undefined) server = await PrivateServer.start(rabbitmq);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

describe.skipIf(unavailable !== undefined)("RabbitMQ in an alarm", () => {
  it("takes nothing while the server is short of memory, says so at once, and goes on then", {
    timeout: 90_000,
  }, async () => {
    await using line = await RabbitmqLine.open(server.port);
    await server.stop();
    await server.start(["vm_memory_high_watermark.absolute = 1MB"]);
    // A server that has just started has connections before it has its queues.
    await eventually("jobs are refused", async () => (await line.refusal()) === "GANGER_BROKER_FULL");
    const start = performance.now();
    await line.refusal();
    expect(performance.now() - start).toBeLessThan(BACK_MS);
    const { code, out } = await folder.run(["doctor", "--broker", `${server.url}?prefix=alarm`]);
    expect([code, out]).toEqual([1, expect.stringContaining("low on memory")]);
    await server.stop();
    await server.start();

    expect(await line.goesOn()).toBeLessThan(BACK_MS);
    await line.drain();
  });

  it("works off what waits in an alarm, though a retry cannot be written down", {
    timeout: 90_000,
  }, async () => {
    const url = `${server.url}?prefix=pressed`;
    await using producer = await connect(url);
    await using client = await connect(url);
    let fails = 0;
    const ran = new Set<number>();
    const count = defineJob({ name: "count", queue: "pressed", perform: (n: number) => void ran.add(n) });
    const fail = defineJob({
      name: "fail",
      queue: "pressed",
      perform() {
        fails++;
        throw new Error("it fails");
      },
    });
    await using worker = new Worker(client.broker, [count, fail], {
      queues: "pressed",
      concurrency: 5,
      ahead: 0,
    });
    await worker.start();
    worker.pause();
    const failing = await producer.enqueue(fail, null);
    await producer.enqueueMany(
      count,
      Array.from({ length: 20 }, (_, n) => n),
    );
    await server.stop();
    await server.start(["vm_memory_high_watermark.absolute = 1MB"]);
    await eventually("jobs are refused", async () =>
      producer.enqueue(count, -1).then(
        () => false,
        (error: unknown) => isGangerError(error, "GANGER_BROKER_FULL"),
      ),
    );
    const lost: string[] = [];
    worker.events.on("job:lost", ({ id }) => void lost.push(id));
    worker.resume();

    await eventually(
      () => `all run, not ${ran.size}`,
      () => [...ran].filter((n) => n >= 0).length === 20,
      30_000,
    );
    expect(fails).toBe(1);
    await server.stop();
    await server.start();
    await worker.drain();
    expect(fails).toBe(1);
    // Its claim ended with the connection; of the others those may have that ended last. The rest was settled in the alarm.
    expect(lost).toContain(failing);
    expect(lost.length).toBeLessThan(6);
  });
});
