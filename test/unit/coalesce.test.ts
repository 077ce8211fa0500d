import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Coalescer } from "../../src/broker/coalesce.ts";
import { openBroker } from "../../src/broker/connect.ts";
import type { NewJob } from "../../src/job/job.ts";
import { Gate, type Hooks, interpose, unreachable } from "../support/interpose.ts";

const job = (payload: number | string, queue = "mail"): NewJob => ({
  queue,
  name: "send",
  payload: `${payload}`,
});

/** A coalescer on a real broker, and the sizes of the batches that it made. */
async function bench(maxBatch?: number, hooks: Hooks = {}) {
  const broker = await openBroker("memory:");
  const sizes: number[] = [];
  const watched = interpose(broker, hooks);
  const coalescer = new Coalescer((jobs) => {
    sizes.push(jobs.length);
    return watched.enqueue(jobs);
  }, maxBatch);
  const count = async () => (await broker.inspect?.list({ limit: 10_000 }))?.length;
  const payloadOf = async (id: string) => (await broker.inspect?.find(id))?.payload;
  return { broker, coalescer, sizes, count, payloadOf };
}

describe("the enqueues of one tick", () => {
  it("are one batch, and each is given its own id", async () => {
    const { coalescer, sizes, payloadOf } = await bench();
    const ids = await Promise.all([7, 8, 9].map((payload) => coalescer.add(job(payload))));

    expect(sizes).toEqual([3]);
    expect(await Promise.all(ids.map(payloadOf))).toEqual(["7", "8", "9"]);
  });

  it("are one batch also when they follow from those of a batch before", async () => {
    const { coalescer, sizes } = await bench();
    const chain = async (n: number) => {
      await coalescer.add(job(n));
      await coalescer.add(job(-n));
    };
    await Promise.all([1, 2, 3, 4].map(chain));

    expect(sizes).toEqual([4, 4]);
  });

  it("are batches of 1000 at most", async () => {
    const { coalescer, sizes, payloadOf } = await bench();
    const ids = await Promise.all(Array.from({ length: 2500 }, (_, n) => coalescer.add(job(n))));

    expect(sizes).toEqual([1000, 1000, 500]);
    expect(new Set(ids).size).toBe(2500);
    expect(await payloadOf(ids[2499] ?? "")).toBe("2499");
  });

  it("go to the store in the order in which they were made", async () => {
    const { coalescer, payloadOf } = await bench(2);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(), { minLength: 1, maxLength: 30 }), async (payloads) => {
        const ids = await Promise.all(payloads.map((payload) => coalescer.add(job(payload))));
        expect(await Promise.all(ids.map(payloadOf))).toEqual(payloads.map(String));
        expect([...ids].sort((a, b) => Number(a) - Number(b))).toEqual(ids);
      }),
      { numRuns: 30 },
    );
  });
});

describe("a lone enqueue", () => {
  it("goes out before timers, input and output have their turn", async () => {
    const { coalescer, sizes } = await bench();
    const added = coalescer.add(job(1));
    const inTime = new Promise((resolve) => {
      setImmediate(() => resolve(sizes.length));
    });

    expect(sizes).toEqual([]);
    expect(await inTime).toBe(1);
    await added;
  });

  it("does not wait for a batch that is under way", async () => {
    const gate = new Gate();
    const hooks: Hooks = { enqueue: () => gate.opened };
    const { coalescer, sizes } = await bench(undefined, hooks);
    const slow = coalescer.add(job(1));
    await new Promise(setImmediate);
    hooks["enqueue"] = undefined;
    await coalescer.add(job(2));
    gate.open();
    await slow;

    expect(sizes).toEqual([1, 1]);
  });
});

describe("a job that the broker refuses", () => {
  it("fails alone, and its neighbours are enqueued once", async () => {
    const { coalescer, count, payloadOf } = await bench();
    const jobs = [job("good"), job("bad", "no such/queue name"), job("fine")];
    const results = await Promise.allSettled(jobs.map((one) => coalescer.add(one)));

    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { code: "GANGER_QUEUE_INVALID" } });
    expect(await count()).toBe(2);
    const [first] = results;
    expect(first?.status === "fulfilled" && (await payloadOf(first.value))).toBe("good");
  });

  it("fails by itself when it was alone", async () => {
    const { coalescer, sizes } = await bench();

    await expect(coalescer.add(job(1, ""))).rejects.toMatchObject({ code: "GANGER_QUEUE_INVALID" });
    expect(sizes).toEqual([1]);
  });
});

describe("a broker that is away", () => {
  it("fails every job of the batch, and none of the next", async () => {
    const hooks: Hooks = { enqueue: unreachable };
    const { coalescer, count } = await bench(undefined, hooks);
    const results = await Promise.allSettled([1, 2, 3].map((payload) => coalescer.add(job(payload))));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);

    hooks["enqueue"] = undefined;
    await coalescer.add(job(4));
    expect(await count()).toBe(1);
  });

  it("is not asked again job by job when its answer was lost, for the jobs may be there", async () => {
    const hooks: Hooks = { "after enqueue": unreachable };
    const { coalescer, count } = await bench(undefined, hooks);
    await Promise.allSettled([1, 2, 3].map((payload) => coalescer.add(job(payload))));

    expect(await count()).toBe(3);
  });
});
