import { describe, expect, it } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import type { NewJob } from "../../src/job/job.ts";

const START = Date.UTC(2030, 0, 1);
const HOLDER = { holder: "host:1:a", queues: "mail" };
const BOUNDS = { completed: 10, failed: 10, cancelled: 10 };

function job(options: Partial<NewJob> = {}): NewJob {
  return { queue: "mail", name: "send", payload: "{}", ...options };
}

/** A broker whose clock stands still until it is set forward. */
function withClock() {
  let now = START;
  const broker = createMemoryBroker({ now: () => now });
  const forward = (ms: number) => {
    now += ms;
  };
  return { broker, forward };
}

async function take(broker: Broker, limit = 100) {
  await broker.heartbeat([HOLDER], 10_000);
  return broker.claim({ queues: ["mail"], limit, holder: HOLDER.holder });
}

describe("a memory URL", () => {
  it("is memory: and nothing else", async () => {
    await using broker = await openBroker("memory:");

    expect(broker.name).toBe("memory");
    expect(broker.url).toBeUndefined();
    await expect(openBroker("memory:jobs")).rejects.toMatchObject({ code: "GANGER_URL_INVALID" });
    await expect(openBroker("memory:?a=1")).rejects.toMatchObject({ code: "GANGER_URL_INVALID" });
  });

  it("opens another store each time", async () => {
    await using one = await openBroker("memory:");
    await using other = await openBroker("memory:");
    await one.enqueue([job()]);

    expect(await other.inspect?.queues()).toEqual([]);
  });
});

describe("the clock of a memory broker", () => {
  it("says when a scheduled job is due", async () => {
    const { broker, forward } = withClock();
    const [id = ""] = await broker.enqueue([job({ delayMs: 500 })]);

    forward(499);
    expect(await broker.maintenance?.due()).toEqual({ moved: 0, nextInMs: 1 });
    forward(1);
    expect(await broker.maintenance?.due()).toEqual({ moved: 1, nextInMs: undefined });
    expect(await broker.inspect?.find(id)).toMatchObject({ state: "waiting", enqueuedAt: new Date(START) });
  });

  it("says who is alive", async () => {
    const { broker, forward } = withClock();
    const [id = ""] = await broker.enqueue([job()]);
    await take(broker);

    forward(9999);
    expect(await broker.maintenance?.rescue()).toEqual([]);
    forward(1);
    expect(await broker.claim({ queues: ["mail"], limit: 1, holder: HOLDER.holder })).toEqual([]);
    expect(await broker.maintenance?.rescue()).toEqual([
      { holder: HOLDER.holder, waiting: [id], poisoned: [] },
    ]);
  });

  it("says when a finished job is past its time", async () => {
    const { broker, forward } = withClock();
    await broker.enqueue([job()]);
    const [claim = { id: "", token: 0 }] = await take(broker);
    await broker.settle([{ id: claim.id, token: claim.token, kind: "completed", keepMs: 1000 }]);

    forward(999);
    expect(await broker.maintenance?.prune(BOUNDS)).toEqual({ deleted: 0, more: false });
    forward(1);
    expect(await broker.maintenance?.prune(BOUNDS)).toEqual({ deleted: 1, more: false });
  });
});

describe("what a memory broker is given and gives", () => {
  it("is not shared with callers", async () => {
    const { broker } = withClock();
    const tags = ["new"];
    const [id = ""] = await broker.enqueue([job({ tags })]);
    tags.push("changed");
    const [claim = { id: "", token: 0 }] = await take(broker);
    const error = { name: "Error", message: "first" };
    await broker.settle([{ id: claim.id, token: claim.token, kind: "failed", error }]);
    error.message = "changed";
    const before = await broker.inspect?.find(id);
    before?.enqueuedAt.setTime(0);
    before?.history[0]?.at.setTime(0);
    Object.assign(before?.error ?? {}, { message: "changed" });
    Object.assign(before?.tags ?? [], ["changed"]);

    expect(await broker.inspect?.find(id)).toMatchObject({
      tags: ["new"],
      enqueuedAt: new Date(START),
      error: { message: "first" },
      history: [{ at: new Date(START) }],
    });
  });

  it("are counts that stay as they were", async () => {
    const { broker } = withClock();
    await broker.enqueue([job()]);
    const before = await broker.inspect?.queues();
    await broker.enqueue([job()]);

    expect(before).toMatchObject([{ queue: "mail", counts: { waiting: 1 } }]);
  });

  it("is a document that cannot be changed from outside", async () => {
    const { broker } = withClock();
    await broker.store?.set("plan", "1");
    const document = await broker.store?.get("plan");

    expect(() => Object.assign(document ?? {}, { value: "2" })).toThrow(TypeError);
    expect(await broker.store?.get("plan")).toMatchObject({ value: "1" });
  });
});

describe("a large memory broker", () => {
  it("hands out by priority and age whatever the order of arrival", async () => {
    const { broker } = withClock();
    const priorities = Array.from({ length: 5000 }, (_, place) => (place * 7919) % 13);
    const ids = await broker.enqueue(priorities.map((priority) => job({ priority })));
    const expected = ids
      .map((id, place) => ({ id, priority: priorities[place] ?? 0 }))
      .sort((a, b) => b.priority - a.priority || Number(a.id) - Number(b.id));

    const first = await take(broker, 3000);
    await broker.release(HOLDER.holder, { kind: "interrupted", started: [] });
    const again = await take(broker, 5000);

    expect(first.map(({ id }) => id)).toEqual(expected.slice(0, 3000).map(({ id }) => id));
    expect(again.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
  });
});

describe("the wakeups of a memory broker", () => {
  it("come once for many changes, after the call, until they are ended", async () => {
    const { broker } = withClock();
    let calls = 0;
    const subscription = await broker.wakeups?.subscribe(() => void calls++);
    await Promise.all([broker.enqueue([job()]), broker.enqueue([job()])]);

    expect(calls).toBe(0);
    await new Promise(setImmediate);
    expect(calls).toBe(1);

    await subscription?.[Symbol.asyncDispose]();
    await broker.enqueue([job()]);
    await new Promise(setImmediate);
    expect(calls).toBe(1);
  });
});
