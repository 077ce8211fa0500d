import { existsSync } from "node:fs";
import { join } from "node:path";
import { connect, defineJob, Worker } from "ganger";
import { describe, expect, it, vi } from "vitest";
import { hold, noop } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { redis } from "../support/servers/redis.ts";
import { kill, TestPool } from "../support/test-pool.ts";

describe("a pool on Redis", () => {
  it("runs jobs, and learns of a worker's death at once", async () => {
    await using server = await PrivateServer.start(redis);
    await using pool = await TestPool.start({ workers: { work: 1 }, broker: server.url }, 1);
    await pool.client.enqueueMany(
      noop,
      Array.from({ length: 2000 }, (_, n) => ({ n })),
    );
    await eventually("all are done", async () => (await pool.count("completed")) === 2000);
    const [worker] = await pool.workers();
    const file = join(pool.folder, "started");
    const id = await pool.client.enqueue(hold, { file });
    await eventually("it runs", () => existsSync(file));

    const start = performance.now();
    kill(worker?.pid ?? 0);
    const job = await eventually(
      () => pool.report(),
      async () => {
        const found = await pool.client.broker.inspect?.find(id);
        return found?.crashes === 1 ? found : undefined;
      },
    );

    // Heartbeats last for 15 s: it was no heartbeat that told.
    expect(performance.now() - start).toBeLessThan(5000);
    expect(job.history.map(({ event }) => event)).toContain("crashed");
    await pool.client.broker.edit?.cancel([id]);
  });
});

describe("a host that is cut off", () => {
  it("loses its jobs to others when its time is over, and its late outcomes count for nothing", async () => {
    await using server = await PrivateServer.start(redis);
    await using proxy = await Proxy.start(server.port);
    const ran: string[] = [];
    const gates = new Map<string, () => void>();
    const jobOf = (host: string) =>
      defineJob({
        name: "work",
        queue: "main",
        async perform() {
          ran.push(host);
          if (host === "near") return;
          await new Promise<void>((resolve) => gates.set("far", resolve));
        },
      });
    await using far = await connect(`redis://127.0.0.1:${proxy.port}?timeout=500ms`);
    await using near = await connect(server.url);
    await using cut = new Worker(far.broker, [jobOf("far")], { queues: "main", ttl: "1500ms" });
    await cut.start();
    const id = await near.enqueue(jobOf("near"), undefined);
    await eventually("it runs far away", () => gates.has("far"));
    proxy.swallow();
    await using other = new Worker(near.broker, [jobOf("near")], { queues: "main", ttl: "1500ms" });
    await other.start();

    await eventually("it ran near by", () => ran.includes("near"));
    const before = await eventually("it is completed", async () => {
      const found = await near.broker.inspect?.find(id);
      return found?.state === "completed" ? found : undefined;
    });
    proxy.pass();
    gates.get("far")?.();
    await eventually("the one far away is back", async () => {
      const holders = (await near.broker.inspect?.holders()) ?? [];
      return holders.filter(({ alive }) => alive).length === 2 && cut.running === 0;
    });

    expect(ran).toEqual(["far", "near"]);
    expect(before.crashes).toBe(1);
    expect(await near.broker.inspect?.find(id)).toEqual(before);
  });
});

describe("a clock that is an hour off", () => {
  it("moves no delay, no heartbeat and no time that a job is kept", async () => {
    await using server = await PrivateServer.start(redis);
    await using right = await connect(server.url);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    await using wrong = await connect(server.url);
    const job = defineJob({ name: "work", queue: "main", perform: async () => {} });
    const id = await wrong.enqueue(job, undefined, { delay: "400ms" });
    vi.useRealTimers();
    const { maintenance, inspect } = right.broker;

    expect((await maintenance?.due())?.moved).toBe(0);
    await eventually("it is due", async () => (await maintenance?.due())?.moved === 1);
    const found = await inspect?.find(id);
    expect(Math.abs((found?.enqueuedAt.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 3_600_000 });
    await wrong.broker.heartbeat([{ holder: "host:1:a", queues: "main" }], 60_000);
    vi.useRealTimers();
    expect(await maintenance?.rescue()).toEqual([]);
    expect(await right.broker.claim({ queues: ["main"], limit: 1, holder: "host:1:a" })).toHaveLength(1);
  });
});

describe("an idle worker on Redis", () => {
  it("starts a job within milliseconds of its enqueue", async () => {
    await using server = await PrivateServer.start(redis);
    await using client = await connect(server.url);
    let started = 0;
    const job = defineJob({
      name: "ping",
      queue: "main",
      perform: async () => {
        started = performance.now();
      },
    });
    await using worker = new Worker(client.broker, [job], { queues: "main" });
    await worker.start();
    const latencies: number[] = [];
    for (let n = 0; n < 20; n++) {
      const id = await client.enqueue(job, undefined);
      const enqueued = performance.now();
      await eventually("it ran", async () => (await client.broker.inspect?.find(id))?.state === "completed");
      latencies.push(started - enqueued);
    }

    // Polling alone would take half a second on average.
    expect(latencies.toSorted((a, b) => a - b)[10]).toBeLessThan(100);
  });
});
