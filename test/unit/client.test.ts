import { describe, expect, it } from "vitest";
import { z } from "zod";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { Client, type ClientOptions, connect } from "../../src/client/client.ts";
import type { EnqueueOptions } from "../../src/client/new-job.ts";
import { defineJob } from "../../src/job/define-job.ts";

const START = Date.UTC(2030, 0, 1);

const receipt = defineJob({
  name: "receipt",
  queue: "mail",
  input: z.object({ order: z.number() }),
  perform: () => undefined,
});

const anything = defineJob<unknown, undefined>({ name: "anything", perform: () => undefined });

/** A client whose broker's clock stands still. */
function create(options?: ClientOptions) {
  const broker = guarded(createMemoryBroker({ now: () => START }));
  const client = new Client(broker, options);
  const find = async (id: string) => broker.inspect?.find(id);
  const count = async () => (await broker.inspect?.list({ limit: 1000 }))?.length;
  return { broker, client, find, count };
}

describe("a job that is enqueued", () => {
  it("is as its definition says", async () => {
    const { client, find } = create();

    expect(await find(await client.enqueue(receipt, { order: 7 }))).toMatchObject({
      queue: "mail",
      name: "receipt",
      payload: '{"order":7}',
      state: "waiting",
      priority: 0,
      maxCrashes: 3,
      tags: [],
      options: undefined,
    });
  });

  it("is what its options say instead", async () => {
    const { client, find } = create();
    const job = await find(
      await client.enqueue(
        receipt,
        { order: 7 },
        {
          queue: "bulk",
          priority: -5,
          delay: "10s",
          maxCrashes: 1,
          tags: ["vip", "new"],
        },
      ),
    );

    expect(job).toMatchObject({ queue: "bulk", priority: -5, maxCrashes: 1, tags: ["vip", "new"] });
    expect(job).toMatchObject({ state: "scheduled", runAt: new Date(START + 10_000), options: undefined });
  });

  it("tells its worker what that is to do otherwise, in milliseconds", async () => {
    const { client, find } = create();
    const backoff = { type: "fixed", delay: "1s" } as const;
    const retention = { completed: "1h", failed: 0 } as const;
    const id = await client.enqueue(
      receipt,
      { order: 7 },
      { attempts: 7, backoff, timeout: "2m", retention },
    );

    expect(JSON.parse((await find(id))?.options ?? "")).toEqual({
      attempts: 7,
      backoff,
      timeoutMs: 120_000,
      keep: { completedMs: 3_600_000, failedMs: 0 },
    });
  });

  it("runs no sooner than it is told, at once when that is past", async () => {
    const { client, find } = create();
    const soon = await client.enqueue(receipt, { order: 7 }, { runAt: new Date(START + 1) });
    const past = await client.enqueue(receipt, { order: 7 }, { runAt: new Date(START - 1) });

    expect(await find(soon)).toMatchObject({ state: "scheduled", runAt: new Date(START + 1) });
    expect(await find(past)).toMatchObject({ state: "waiting", runAt: undefined });
  });

  it("keeps the payload as it was given, for the schema is asked again before it runs", async () => {
    const { client, find } = create();
    const dated = defineJob({ name: "dated", input: z.string().transform(Number), perform: () => undefined });
    // @ts-expect-error: a payload is what goes into the schema, not what comes out of it
    await expect(client.enqueue(dated, 42)).rejects.toMatchObject({ code: "GANGER_PAYLOAD_INVALID" });

    expect(await find(await client.enqueue(dated, "42"))).toMatchObject({ payload: '"42"' });
  });

  it("may have a schema that takes its time", async () => {
    const { client, find } = create();
    const input = z.object({ order: z.number() }).refine(async ({ order }) => order > 0);
    const slow = defineJob({ name: "slow", input, perform: () => undefined });

    expect(await find(await client.enqueue(slow, { order: 1 }))).toMatchObject({ name: "slow" });
    await expect(client.enqueue(slow, { order: 0 })).rejects.toMatchObject({
      code: "GANGER_PAYLOAD_INVALID",
    });
  });

  it("has null for no payload at all", async () => {
    const { client, find } = create();

    expect(await find(await client.enqueue(anything, undefined))).toMatchObject({ payload: "null" });
  });
});

describe("many jobs", () => {
  it("are there in the order of their payloads", async () => {
    const { client, find } = create();
    const ids = await client.enqueueMany(receipt, [{ order: 1 }, { order: 2 }], { priority: 3 });
    const jobs = await Promise.all(ids.map(find));

    expect(jobs.map((job) => job?.payload)).toEqual(['{"order":1}', '{"order":2}']);
    expect(jobs.every((job) => job?.priority === 3)).toBe(true);
    expect(await client.enqueueMany(receipt, [])).toEqual([]);
  });

  it.each([
    ["payload", [{ order: 1 }, { order: "two" }], {}, "GANGER_PAYLOAD_INVALID"],
    ["queue", [{ order: 1 }], { queue: "no queue/at all" }, "GANGER_QUEUE_INVALID"],
    ["priority", [{ order: 1 }], { priority: 0.5 }, "GANGER_OPTION_INVALID"],
  ])("are none when a %s is bad", async (_, payloads, options, code) => {
    const { client, count } = create();

    await expect(client.enqueueMany(receipt, payloads as { order: number }[], options)).rejects.toMatchObject(
      { code },
    );
    expect(await count()).toBe(0);
  });
});

describe("a payload that is no good", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);

  it.each([
    ["does not fit", { order: "7" }, "GANGER_PAYLOAD_INVALID", /"receipt" does not fit: order: /],
    ["is a cycle", cycle, "GANGER_PAYLOAD_UNSERIALIZABLE", /"anything" is no JSON/],
    ["is a function", () => 1, "GANGER_PAYLOAD_UNSERIALIZABLE", /is function/],
    ["is a BigInt", 1n, "GANGER_PAYLOAD_UNSERIALIZABLE", /BigInt/],
    ["is large", "é".repeat(524_288), "GANGER_PAYLOAD_LARGE", /1048578 bytes; 1048576 are allowed/],
  ])("for it %s is refused, and named", async (what, payload, code, message) => {
    const { client, count } = create();
    const definition = what === "does not fit" ? receipt : anything;

    await expect(client.enqueue(definition, payload)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
    expect(await count()).toBe(0);
  });

  it("may be larger or must be smaller, as the client says", async () => {
    const { client } = create({ maxPayloadBytes: 4 });

    await expect(client.enqueue(anything, "ab")).resolves.toBe("1");
    await expect(client.enqueue(anything, "abc")).rejects.toMatchObject({ code: "GANGER_PAYLOAD_LARGE" });
  });
});

describe("an option that is no good", () => {
  it.each([
    [{ prioritty: 1 }, "GANGER_OPTION_INVALID", '"prioritty" is no option of enqueue'],
    [{ delay: "soon" }, "GANGER_DURATION_INVALID", 'delay is "soon"'],
    [{ delay: 1, runAt: new Date(START) }, "GANGER_OPTION_INVALID", "both a delay and a time"],
    [{ runAt: new Date(Number.NaN) }, "GANGER_OPTION_INVALID", "runAt is Invalid Date"],
    [{ attempts: 0 }, "GANGER_OPTION_INVALID", 'attempts of the job "receipt" is 0'],
    [{ backoff: { type: "fixed", delay: -1 } }, "GANGER_DURATION_INVALID", "backoff.delay is -1"],
    [{ timeout: "1 h" }, "GANGER_DURATION_INVALID", 'timeout is "1 h"'],
    [{ retention: { failed: "x" } }, "GANGER_DURATION_INVALID", 'retention.failed is "x"'],
    [{ priority: 1.5 }, "GANGER_OPTION_INVALID", "priority is 1.5"],
    [{ maxCrashes: 0 }, "GANGER_OPTION_INVALID", "maxCrashes is 0"],
    [{ queue: "a b" }, "GANGER_QUEUE_INVALID", "a b"],
  ])("%j is refused, and named", async (options, code, message) => {
    const { client, count } = create();

    await expect(client.enqueue(receipt, { order: 1 }, options as EnqueueOptions)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    expect(await count()).toBe(0);
  });
});

describe("a client", () => {
  it("opens its broker by URL, and closes it", async () => {
    const client = await connect("memory:");
    await client.enqueue(receipt, { order: 1 });
    await client[Symbol.asyncDispose]();

    await expect(client.enqueue(receipt, { order: 1 })).rejects.toMatchObject({
      code: "GANGER_BROKER_CLOSED",
    });
    await expect(connect("nothing:")).rejects.toMatchObject({ code: "GANGER_URL_INVALID" });
  });
});

describe("what a program in JavaScript hands over", () => {
  it("is refused by itself when it is no definition, and its neighbours are kept", async () => {
    const { client, count } = create();
    const wrong: unknown = "anything";
    const [before, bad, after] = await Promise.allSettled([
      client.enqueue(anything, 1),
      client.enqueue(wrong as typeof anything, 2),
      client.enqueue(anything, 3),
    ]);

    expect(bad).toMatchObject({ status: "rejected", reason: { code: "GANGER_JOB_INVALID" } });
    expect([before.status, after.status]).toEqual(["fulfilled", "fulfilled"]);
    expect(await count()).toBe(2);
  });

  it.each([
    ["a tag", { tags: [7] }],
    ["a list of tags", { tags: "vip" }],
    ["a queue", { queue: 7 }],
  ])("is refused as %s", async (_, options) => {
    const { client, count } = create();
    const wrong: unknown = options;
    const [bad, good] = await Promise.allSettled([
      client.enqueue(anything, 1, wrong as EnqueueOptions),
      client.enqueue(anything, 2),
    ]);

    expect(bad).toMatchObject({ status: "rejected", reason: { name: "GangerError" } });
    expect(good.status).toBe("fulfilled");
    expect(await count()).toBe(1);
  });
});
