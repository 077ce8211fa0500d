import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { eventually } from "../support/eventually.ts";
import { ask } from "../support/mysql-database.ts";
import { Proxy } from "../support/proxy.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS } from "../support/services.ts";

const job = { queue: "work", name: "count", payload: "1" };
const request = { queues: ["work"], limit: 5, holder: "here:1:lost" };

describe.skipIf(SERVERS.mysql.binary() === undefined)("on MariaDB", () => {
  let server: PrivateServer;
  let proxy: Proxy;
  let prefix = "";
  let stores = 0;

  beforeAll(async () => {
    server = await PrivateServer.start(SERVERS.mysql);
    proxy = await Proxy.start(server.port);
  });

  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** A broker with tables of its own, through the proxy or not, and with the holder alive. */
  async function open(port = proxy.port): Promise<Broker> {
    const broker = await openBroker(`mysql://root@127.0.0.1:${port}/test?prefix=${prefix}&timeout=2s`);
    await broker.heartbeat([{ holder: request.holder, queues: "work" }], 60_000);
    return broker;
  }

  function nextStore(): void {
    prefix = `lost${stores++}`;
  }

  /** Claims, and makes the server take its time to carry it out; resolves with the connection that it is at. */
  async function claimSlowly(broker: Broker, seconds: number) {
    const slow = `create trigger test.${prefix}_slow after insert on test.${prefix}_running for each row do sleep(${seconds})`;
    await ask(server.url, slow);
    const claiming = broker.claim(request).catch((error: unknown) => error);
    const connection = await eventually("the claim is being written", async () => {
      const asleep = "select id from information_schema.processlist where state = 'User sleep'";
      const [row] = await ask(server.url, asleep);
      return Number(row?.["id"]) || undefined;
    });
    return { claiming, connection };
  }

  const goOn = () => ask(server.url, `drop trigger test.${prefix}_slow`);

  it("frees what a claim took whose answer was lost", async () => {
    nextStore();
    await using broker = await open();
    await broker.enqueue([job, job, job]);
    // The commit gets through and its answer does not.
    const { claiming } = await claimSlowly(broker, 0.2);
    proxy.swallow();
    expect(await claiming).toMatchObject({ code: "GANGER_BROKER_UNREACHABLE" });
    proxy.cut();
    proxy.pass();
    await goOn();

    const claims = await eventually("the jobs are handed out", async () => {
      const found = await broker.claim(request).catch(() => []);
      return found.length > 0 && found;
    });
    expect(claims.map(({ crashes, interruptions }) => crashes + interruptions)).toEqual([0, 0, 0]);
  });

  it("frees what a claim took that the server carried out after its holder had asked for it in vain", async () => {
    nextStore();
    await using broker = await open();
    await broker.enqueue([job]);
    const { claiming } = await claimSlowly(broker, 4);
    proxy.swallow();
    expect(await claiming).toMatchObject({ code: "GANGER_BROKER_UNREACHABLE" });
    proxy.forsake();
    expect(await broker.claim(request)).toEqual([]);
    const isHeld = async () => (await broker.inspect?.holders())?.[0]?.held === 1;
    await eventually("the server carries out the claim", isHeld);
    await goOn();

    const [claim] = await eventually("the job is handed out", async () => {
      const found = await broker.claim(request);
      return found.length > 0 && found;
    });
    expect(claim).toMatchObject({ crashes: 0, interruptions: 0 });
    proxy.cut();
  });

  it("takes nothing from another who got the job after the server undid a claim", async () => {
    nextStore();
    await using broker = await open();
    await using other = await open(server.port);
    await broker.enqueue([job]);
    const { claiming, connection } = await claimSlowly(broker, 1);
    await ask(server.url, `kill ${connection}`);
    expect(await claiming).toMatchObject({ code: "GANGER_BROKER_UNREACHABLE" });
    await goOn();
    const holder = "there:1:other";
    await other.heartbeat([{ holder, queues: "work" }], 60_000);
    const [theirs] = await other.claim({ ...request, holder });

    expect(await broker.claim(request)).toEqual([]);
    const { settled } = await other.settle([
      { id: theirs?.id ?? "", token: theirs?.token ?? 0, kind: "completed" },
    ]);
    expect(settled).toEqual([true]);
  });

  it("frees what a server holds for a holder after it lost its newest changes, and no more", async () => {
    nextStore();
    await using broker = await open();
    const [forgotten = ""] = await broker.enqueue([job, job]);
    const claims = await broker.claim(request);
    const [first, second] = claims.map(({ id, token }) => ({ id, token, kind: "completed" as const }));
    if (first === undefined || second === undefined) throw new Error("two jobs were there");
    const table = `test.${prefix}_running`;
    const [row] = await ask(server.url, `select * from ${table} where id = ${forgotten}`);
    await broker.settle([first]);
    // As it is when the outcome was not on the disk yet.
    await ask(
      server.url,
      `delete from test.${prefix}_finished`,
      `insert into ${table} (id, token, queue, holder, claimed_at)
        values (${["id", "token", "queue", "holder", "claimed_at"].map((name) => row?.[name]).join()})`,
    );
    expect(await broker.claim(request)).toEqual([]);
    proxy.cut();

    const again = await eventually("the job is handed out", async () => {
      const found = await broker.claim(request).catch(() => []);
      return found.length > 0 && found;
    });
    expect(again.map(({ id }) => id)).toEqual([forgotten]);
    expect((await broker.settle([second])).settled).toEqual([true]);
  });

  it("answers for outcomes that are on record when the claim behind them fails", async () => {
    nextStore();
    await using broker = await open();
    await broker.enqueue([job]);
    const [claim] = await broker.claim(request);
    if (claim === undefined) throw new Error("a job was there");
    await ask(server.url, `rename table test.${prefix}_waiting to test.${prefix}_gone`);
    const error = { name: "Error", message: "no" };

    const answer = await broker.settle(
      [{ id: claim.id, token: claim.token, kind: "failed", error }],
      request,
    );
    expect(answer).toEqual({ settled: [true], claimed: [] });
    await ask(server.url, `rename table test.${prefix}_gone to test.${prefix}_waiting`);
  });
});
