import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { Connection } from "../../src/brokers/redis/connection.ts";
import { toClaims, toGroups, toRequest } from "../../src/brokers/redis/exchange.ts";
import { parseLocation } from "../../src/brokers/redis/location.ts";
import { toList } from "../../src/brokers/redis/rows.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { redis } from "../support/servers/redis.ts";

const request = { queues: ["main"], limit: 2, holder: "host:1:a" };
const job = { queue: "main", name: "task", payload: "1" };

/** Claims as a broker does after some number of breaks, saying what it knows of or not. */
async function claim(connection: Connection, epoch: number, known?: ReadonlySet<string>) {
  const knowledge = { session: "one", epoch, known };
  const answer = await connection.run("exchange", toGroups([]).args.concat(toRequest(request, knowledge)));
  const [, token, lists] = toList(answer);
  return toClaims(token, lists, request).map(({ id }) => id);
}

describe("after a break of its connection, a holder on Redis", () => {
  it("is handed again what it does not know of, and keeps what it knows of", async () => {
    await using server = await PrivateServer.start(redis);
    await using broker = await openBroker(server.url);
    const connection = await Connection.open(parseLocation(server.url));
    const [a = "", b = "", c = "", d = ""] = await broker.enqueue([job, job, job, job]);
    await broker.heartbeat([{ holder: request.holder, queues: "main" }], 60_000);

    expect(await claim(connection, 0)).toEqual([a, b]);
    expect(await claim(connection, 1, new Set([b]))).toEqual([a, c]);
    expect(await claim(connection, 1)).toEqual([d]);
    expect((await broker.inspect?.find(a))?.interruptions).toBe(0);
    expect((await broker.inspect?.holders())?.[0]?.held).toBe(4);
    connection.close();
  });

  it("is handed nothing for a call that it gave up before, and that arrives late", async () => {
    await using server = await PrivateServer.start(redis);
    await using broker = await openBroker(server.url);
    const connection = await Connection.open(parseLocation(server.url));
    await broker.enqueue([job, job, job, job]);
    await broker.heartbeat([{ holder: request.holder, queues: "main" }], 60_000);

    expect(await claim(connection, 2, new Set())).toHaveLength(2);
    expect(await claim(connection, 1)).toEqual([]);
    expect(await claim(connection, 1, new Set())).toEqual([]);
    expect(await claim(connection, 2)).toHaveLength(2);
    connection.close();
  });
});

describe("a claim from a thousand queues", () => {
  it("gets all their jobs in order, and lets others be served between its parts", async () => {
    await using server = await PrivateServer.start(redis);
    await using broker = await openBroker(server.url);
    const queues = Array.from({ length: 1000 }, (_, n) => `q${n}`);
    const ids = await broker.enqueue(queues.map((queue) => ({ ...job, queue })));
    await broker.heartbeat([{ holder: request.holder, queues: "*" }], 60_000);
    const admin = new Redis(server.url);
    await admin.config("RESETSTAT");

    const claims = await broker.claim({ queues, limit: 990, holder: request.holder });
    expect(claims.map(({ id }) => id)).toEqual(ids.slice(0, 990));
    expect(await admin.info("commandstats")).toContain("cmdstat_evalsha:calls=4,");
    expect(await broker.claim({ queues, limit: 1000, holder: request.holder })).toHaveLength(10);
    admin.disconnect();
  });
});

describe("a server that lost all that it had", () => {
  it("takes no outcome of before for one of a new job that got the same id", async () => {
    await using server = await PrivateServer.start(redis);
    await using broker = await openBroker(server.url);
    const start = async () => {
      await broker.enqueue([job]);
      await broker.heartbeat([{ holder: request.holder, queues: "main" }], 60_000);
      return (await broker.claim(request))[0];
    };
    const before = await start();
    const admin = new Redis(server.port);
    await admin.flushall();
    admin.disconnect();
    const after = await start();
    if (before === undefined || after === undefined) throw new Error("each time there was a job");

    expect(after.id).toBe(before.id);
    expect(await broker.settle([{ id: before.id, token: before.token, kind: "completed" }])).toMatchObject({
      settled: [false],
    });
    expect(await broker.settle([{ id: after.id, token: after.token, kind: "completed" }])).toMatchObject({
      settled: [true],
    });
  });
});

describe("completed jobs of a queue on Redis", () => {
  it("are bounded by whoever completes them, when nobody prunes for long", async () => {
    await using server = await PrivateServer.start(redis);
    await using broker = await openBroker(`${server.url}?timeout=30s`);
    const holder = { ...request, limit: 5000 };
    await broker.heartbeat([{ holder: request.holder, queues: "main" }], 60_000);
    await broker.maintenance?.prune({ completed: 0, failed: 0, cancelled: 0 });
    let last: readonly string[] = [];
    for (let round = 0; round < 4; round++) {
      last = await broker.enqueue(Array.from({ length: 5000 }, () => job));
      const claims = await broker.claim(holder);
      await broker.settle(claims.map(({ id, token }) => ({ id, token, kind: "completed" as const })));
    }

    const counts = (await broker.inspect?.queues())?.[0]?.counts;
    expect(counts?.completed).toBe(10_000);
    const [oldest] = (await broker.inspect?.list({ state: "completed", limit: 1 })) ?? [];
    expect(Number.parseInt(oldest?.id ?? "", 10)).toBe(10_001);
    expect((await broker.inspect?.find(last.at(-1) ?? ""))?.state).toBe("completed");
    const findings = (await broker.maintenance?.doctor()) ?? [];
    expect(findings.filter(({ level }) => level === "error")).toEqual([]);
  });
});
