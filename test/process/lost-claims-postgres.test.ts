import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS } from "../support/services.ts";

const job = { queue: "work", name: "count", payload: "1" };
const request = { queues: ["work"], limit: 5, holder: "here:1:lost" };

describe.skipIf(SERVERS.postgres.binary() === undefined)("on PostgreSQL", () => {
  let server: PrivateServer;
  let proxy: Proxy;
  let prefix = "";
  let stores = 0;

  beforeAll(async () => {
    server = await PrivateServer.start(SERVERS.postgres, ["-c", "fsync=off"]);
    proxy = await Proxy.start(server.port);
  });

  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** A broker on a schema of its own, through the proxy, with the holder alive. */
  async function open(): Promise<Broker> {
    prefix = `lost_${stores++}`;
    const url = `${SERVERS.postgres.url(proxy.port)}?prefix=${prefix}&timeout=1s&connections=1`;
    const broker = await openBroker(url);
    await broker.heartbeat([{ holder: request.holder, queues: "work" }], 60_000);
    return broker;
  }

  async function connect(): Promise<Client> {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    return client;
  }

  it("frees what a claim took whose answer was lost", async () => {
    await using broker = await open();
    await broker.enqueue(Array.from({ length: 5 }, () => job));
    await broker.claim({ ...request, queues: ["other"] });
    const blocker = await connect();
    // The claim waits for the holder's row, past the patience of who asked.
    await blocker.query("begin");
    await blocker.query(`select 1 from ${prefix}.holders for update`);
    await expect(broker.claim(request)).rejects.toMatchObject({ code: "GANGER_BROKER_UNREACHABLE" });
    await blocker.query("commit");
    await blocker.end();

    await eventually("the server carried out the claim", async () => {
      const [status] = (await broker.inspect?.holders()) ?? [];
      return status?.held === 5;
    });
    const claims = await eventually("the jobs are handed out", async () => {
      const found = await broker.claim(request);
      return found.length > 0 && found;
    });
    expect(claims.map(({ crashes, interruptions }) => crashes + interruptions)).toEqual([0, 0, 0, 0, 0]);
  });

  it("frees what a server holds for a holder after it lost its newest changes, and no more", async () => {
    await using broker = await open();
    await broker.enqueue([job, job]);
    const claims = await broker.claim(request);
    const [first, second] = claims.map(({ id, token }) => ({ id, token, kind: "completed" as const }));
    if (first === undefined || second === undefined) throw new Error("two jobs were there");
    const admin = await connect();
    await admin.query(`create table ${prefix}.before as select * from ${prefix}.jobs`);
    await broker.settle([first]);
    // As it is when the outcome was not on the disk yet.
    await admin.query(`delete from ${prefix}.finished`);
    await admin.query(
      `insert into ${prefix}.jobs overriding system value select * from ${prefix}.before where id = ${first.id}`,
    );
    expect(await broker.claim(request)).toEqual([]);
    proxy.cut();

    const again = await eventually("the job is handed out", async () => {
      const found = await broker.claim(request).catch(() => []);
      return found.length > 0 && found;
    });
    expect(again.map(({ id }) => id)).toEqual([first.id]);
    expect((await broker.settle([second])).settled).toEqual([true]);
    await admin.end();
  });
});
