import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { defineJob } from "../../src/job/define-job.ts";
import { createTestQueue, FakeClock, type TestQueue } from "../../src/testing/index.ts";

const sent: string[] = [];

const send = defineJob({
  name: "send",
  queue: "mail",
  backoff: { type: "fixed", delay: "1m" },
  perform(to: string, { attempt }) {
    if (to === "nobody" || (to === "busy" && attempt < 3)) throw new Error(`cannot reach ${to}`);
    sent.push(to);
  },
});

let queue: TestQueue;

beforeEach(() => {
  sent.length = 0;
  queue = createTestQueue([send]);
});
afterEach(() => queue[Symbol.asyncDispose]());

describe("a test queue", () => {
  it("runs nothing until it is told to", async () => {
    const id = await queue.client.enqueue(send, "ada");
    expect(sent).toEqual([]);
    expect(await queue.find(id)).toMatchObject({ state: "waiting" });

    expect(await queue.drain()).toEqual({ completed: 1, retried: 0, failed: 0 });
    expect(sent).toEqual(["ada"]);
    expect(await queue.find(id)).toMatchObject({ state: "completed" });
  });

  it("has nothing to do when nothing waits", async () => {
    expect(await queue.drain()).toEqual({ completed: 0, retried: 0, failed: 0 });
    expect(await queue.find("1")).toBeUndefined();
  });

  it("runs later what is to be run later, by its own clock", async () => {
    await queue.client.enqueue(send, "tomorrow", { delay: "1d" });
    await queue.client.enqueue(send, "in an hour", { delay: "1h" });
    await queue.client.enqueue(send, "at nine", { runAt: new Date("2030-01-01T09:00:00Z") });
    expect(await queue.drain()).toMatchObject({ completed: 0 });

    queue.clock.advance("59m");
    expect(await queue.drain()).toMatchObject({ completed: 0 });
    queue.clock.advance("1m");
    expect(await queue.drain()).toMatchObject({ completed: 1 });
    for (const wait of ["8h", "15h"] as const) {
      queue.clock.advance(wait);
      expect(await queue.drain()).toMatchObject({ completed: 1 });
    }
    expect(sent).toEqual(["in an hour", "at nine", "tomorrow"]);
  });

  it("retries when the clock says so, until it succeeds or fails", async () => {
    const busy = await queue.client.enqueue(send, "busy");
    const nobody = await queue.client.enqueue(send, "nobody");
    expect(await queue.drain()).toEqual({ completed: 0, retried: 2, failed: 0 });
    expect(await queue.drain()).toEqual({ completed: 0, retried: 0, failed: 0 });

    queue.clock.advance("1m");
    expect(await queue.drain()).toEqual({ completed: 0, retried: 2, failed: 0 });
    queue.clock.advance("1m");
    expect(await queue.drain()).toEqual({ completed: 1, retried: 0, failed: 1 });
    expect(await queue.find(busy)).toMatchObject({ state: "completed", attempts: 2 });
    expect(await queue.find(nobody)).toMatchObject({ state: "failed", attempts: 3 });
  });

  it("runs by priority, and what jobs enqueue while it runs", async () => {
    const order: string[] = [];
    const step = defineJob({
      name: "step",
      async perform(name: string): Promise<void> {
        order.push(name);
        if (name === "first") await chained.client.enqueue(step, "follows");
      },
    });
    const chained = createTestQueue([step]);
    await chained.client.enqueue(step, "second");
    await chained.client.enqueue(step, "first", { priority: 1 });

    expect(await chained.drain()).toMatchObject({ completed: 3 });
    expect(order).toEqual(["first", "second", "follows"]);
  });

  it("keeps what its jobs report", async () => {
    const chatty = defineJob({ name: "chatty", perform: (_: null, job) => job.log("hello") });
    const other = createTestQueue([chatty]);
    const id = await other.client.enqueue(chatty, null);
    await other.drain();

    expect(await other.find(id)).toMatchObject({
      logs: [{ line: "hello", at: new Date(other.clock.now()) }],
    });
  });

  it("retries a job that it does not know, and goes on", async () => {
    const stranger = defineJob({ name: "stranger", perform: () => undefined });
    await queue.client.enqueue(stranger, null);
    await queue.client.enqueue(send, "ada");

    expect(await queue.drain()).toEqual({ completed: 1, retried: 1, failed: 0 });
  });

  it("refuses two jobs of one name", () => {
    expect(() => createTestQueue([send, defineJob({ name: "send", perform: () => 1 })])).toThrow(
      expect.objectContaining({ code: "GANGER_JOB_DUPLICATE" }),
    );
  });

  it("refuses what a real broker would refuse", async () => {
    await expect(queue.client.enqueue(send, "ada", { queue: "no queue/at all" })).rejects.toMatchObject({
      code: "GANGER_QUEUE_INVALID",
    });
  });
});

describe("a fake clock", () => {
  it("stands still until it is moved", () => {
    const clock = new FakeClock(new Date(1000));
    const { now } = clock;
    clock.advance("1s");
    clock.advance(5);

    expect(now()).toBe(2005);
    expect(() => clock.advance(-1)).toThrow(expect.objectContaining({ code: "GANGER_DURATION_INVALID" }));
  });
});
