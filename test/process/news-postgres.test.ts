import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { service } from "../support/services.ts";

const { url: server, unavailable } = await service("postgres");
const schema = `news_${randomBytes(5).toString("hex")}`;
const url = `${server || "postgres://nowhere"}?prefix=${schema}`;
const job = { queue: "long", name: "task", payload: "1" };

describe.skipIf(unavailable !== undefined)("news of jobs on PostgreSQL", () => {
  let broker: Broker;
  let user: Client;

  const claim = (limit: number) => broker.claim({ holder: "h", queues: ["long"], limit });
  const ready = () => broker.inspect?.ready();

  beforeAll(async () => {
    broker = await openBroker(url);
    user = new Client({ connectionString: server });
    await user.connect();
    await broker.heartbeat([{ holder: "h", queues: "long" }], 60_000);
  });

  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
    await user.query(`drop schema ${schema} cascade`);
    await user.end();
  });

  it("names the queue of a lone job, and only where none waited before it", async () => {
    // Where it takes long to see whether one waits, everybody is woken; on a busy machine that is now and then.
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const names: string[] = [];
    await using listener = await openBroker(url);
    const subscription = await listener.wakeups?.subscribe((queue) => {
      if (queue !== undefined) names.push(queue);
    });
    await broker.enqueue([job]);
    await eventually("the first was announced", () => names.length === 1);
    await broker.enqueue([job]);
    await broker.enqueue([{ ...job, queue: "other" }]);

    await eventually("that of another queue was announced", () => names.length > 1);
    expect(names).toEqual(["long", "other"]);
    expect(await claim(10)).toHaveLength(2);
    await broker.enqueue([job]);
    await eventually("the first after these was announced", () => names.length === 3);
    await subscription?.[Symbol.asyncDispose]();
    await claim(10);
  });

  it("reaches whoever has gone deaf, by a new connection", async () => {
    const { hostname, port } = new URL(server);
    expect(hostname).toBe("127.0.0.1");
    await using proxy = await Proxy.start(Number(port) || 5432);
    await using listener = await openBroker(url.replace(/127\.0\.0\.1(:\d+)?/, `127.0.0.1:${proxy.port}`));
    const names: (string | undefined)[] = [];
    const subscription = await listener.wakeups?.subscribe((queue) => names.push(queue));
    await eventually("it has looked for what came before", () => names.length > 0);
    names.length = 0;
    proxy.deafen();

    await eventually("it was found out", () => names.length > 0);
    await broker.enqueue([{ ...job, queue: "heard" }]);
    await eventually("it hears", () => names.includes("heard"));
    await subscription?.[Symbol.asyncDispose]();
    expect(await broker.claim({ holder: "h", queues: ["heard"], limit: 1 })).toHaveLength(1);
  });

  it("is told to whoever claims all that it saw, for what was added since", async () => {
    let unnamed = 0;
    const subscription = await broker.wakeups?.subscribe((queue) => {
      if (queue === undefined) unnamed++;
    });
    await broker.enqueue([job, job, job]);
    const before = unnamed;
    expect(await claim(2)).toHaveLength(2);
    expect(unnamed).toBe(before);
    expect(await claim(2)).toHaveLength(1);
    expect(unnamed).toBe(before + 1);
    expect(await claim(2)).toHaveLength(0);
    expect(unnamed).toBe(before + 1);
    await subscription?.[Symbol.asyncDispose]();
  });

  it("has every queue with jobs, wherever claims of it have come to", async () => {
    await broker.enqueue([
      { ...job, queue: "a" },
      { ...job, queue: "z" },
    ]);
    const [lowest = "0"] = await broker.enqueue(Array.from({ length: 1500 }, () => job));
    expect(await claim(1200)).toHaveLength(1200);
    expect(await ready()).toEqual(["a", "long", "other", "z"]);
    expect(await claim(300)).toHaveLength(300);
    expect(await ready()).toEqual(["a", "other", "z"]);

    await broker.enqueue([{ ...job, priority: 5 }]);
    expect(await ready()).toContain("long");
    expect(await claim(1)).toHaveLength(1);
    expect(await ready()).not.toContain("long");
    // One whose transaction committed late is below what was claimed since.
    await user.query(`delete from ${schema}.jobs where id = $1`, [lowest]);
    await user.query(
      `insert into ${schema}.jobs (id, enqueued_at, queue, rank, max_crashes, state, name, payload)
      select $1, 0, id, 0, 1, 0, 'task', '1' from ${schema}.queues where name = 'long'`,
      [lowest],
    );
    expect(await ready()).toContain("long");
  });
});
