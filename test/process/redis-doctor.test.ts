import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import type { Finding } from "../../src/broker/maintenance.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { redis } from "../support/servers/redis.ts";

const HOLDER = "host:1:a";
const job = { queue: "main", name: "task", payload: "1" };
const error = { name: "Error", message: "…" };

/** Jobs in every place of a queue. */
async function fill(broker: Broker): Promise<void> {
  await broker.enqueue([...Array.from({ length: 8 }, () => job), { ...job, priority: 1 }]);
  await broker.enqueue([{ ...job, delayMs: 60_000 }]);
  await broker.heartbeat([{ holder: HOLDER, queues: "main" }], 60_000);
  const [a, b] = await broker.claim({ queues: ["main"], limit: 4, holder: HOLDER });
  if (!a || !b) throw new Error("four jobs were to be claimed");
  await broker.settle([
    { id: a.id, token: a.token, kind: "completed" },
    { id: b.id, token: b.token, kind: "failed", error },
  ]);
}

async function findings(broker: Broker, check: string): Promise<readonly Finding[]> {
  const all = (await broker.maintenance?.doctor()) ?? [];
  return all.filter((finding) => finding.check === check);
}

describe("doctor on Redis", () => {
  it("finds books that do not agree with the jobs", async () => {
    await using server = await PrivateServer.start(redis);
    const admin = new Redis(server.port);
    await using broker = await openBroker(server.url);
    await fill(broker);
    expect(await findings(broker, "books")).toMatchObject([{ level: "info" }]);

    await admin.del("{ganger}:1:later");
    expect(await findings(broker, "books")).toMatchObject([{ level: "error", message: /in no state/ }]);
    await admin.del("{ganger}:ready", "{ganger}:1:run");
    await admin.hset("{ganger}:history", "999-1", "1 retried\n");
    admin.disconnect();
    const messages = (await findings(broker, "books")).map(({ message }) => message).join("\n");

    for (const part of ["as having a job waiting", "0 claims run, and 2 are in the books", "1 notes are of"])
      expect(messages).toContain(part);
  });

  it("warns of a server that may delete jobs, forgets them when it ends, or is nearly full", async () => {
    await using server = await PrivateServer.start(redis);
    const admin = new Redis(server.port);
    await using broker = await openBroker(server.url);
    await fill(broker);
    expect(await findings(broker, "eviction")).toEqual([]);
    expect(await findings(broker, "persistence")).toMatchObject([{ level: "warning", message: /all jobs/ }]);

    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    expect(await findings(broker, "eviction")).toMatchObject([{ level: "warning" }]);
    await admin.config("SET", "maxmemory", "100mb");
    expect(await findings(broker, "eviction")).toMatchObject([{ level: "error" }]);
    await admin.config("SET", "maxmemory-policy", "volatile-lru");
    expect(await findings(broker, "eviction")).toEqual([]);
    await admin.config("SET", "maxmemory", "1500000");
    expect(await findings(broker, "size")).toMatchObject([{ level: "warning" }]);
    expect(await findings(broker, "memory")).toMatchObject([{ level: "warning", message: /than fits/ }]);
    await broker.maintenance?.prune({ completed: 7, failed: 7, cancelled: 7 });
    expect(await findings(broker, "memory")).toMatchObject([{ message: /keeps 7 completed ones$/ }]);
    await admin.config("SET", "maxmemory", "0");
    await admin.config("SET", "save", "3600 1");
    expect(await findings(broker, "persistence")).toMatchObject([{ message: /^snapshots alone/ }]);
    await admin.config("SET", "appendonly", "yes");
    expect(await findings(broker, "persistence")).toMatchObject([{ level: "info", message: /everysec/ }]);
    admin.disconnect();
  });

  it("sees workers that are dead and jobs that are due, and nobody who sees to it", async () => {
    await using server = await PrivateServer.start(redis);
    const admin = new Redis(server.port);
    await using broker = await openBroker(server.url);
    await fill(broker);
    const past = Date.now() - 90_000;
    await admin.zadd("{ganger}:alive", past, HOLDER);
    const [member = ""] = await admin.zrange("{ganger}:1:later", "0", "0");
    await admin.zadd("{ganger}:1:later", past, member);
    await admin.zadd("{ganger}:due", past, "1");
    admin.disconnect();

    expect(await findings(broker, "holders")).toMatchObject([{ level: "warning", message: /^1 dead/ }]);
    expect(await findings(broker, "due")).toMatchObject([{ level: "warning", message: /since 9\d s$/ }]);
  });

  it("tells how far replicas are behind", async () => {
    await using server = await PrivateServer.start(redis);
    await using replica = await PrivateServer.start(redis, ["--replicaof", `127.0.0.1 ${server.port}`]);
    await using broker = await openBroker(server.url);
    await expect
      .poll(() => findings(broker, "replicas"), { timeout: 10_000 })
      .toMatchObject([{ message: /^1 replicas/ }]);
    await replica.stop();
  });
});
