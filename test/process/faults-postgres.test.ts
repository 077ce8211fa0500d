import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isGangerError } from "ganger";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { eventually } from "../support/eventually.ts";
import { FaultScene } from "../support/fault-scene.ts";
import { Proxy } from "../support/proxy.ts";
import { runDir } from "../support/run-dir.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { giveTo, identityOf } from "../support/servers/server.ts";
import { SERVERS } from "../support/services.ts";

const isInstalled = SERVERS.postgres.binary() !== undefined;
const isLong = process.env["GANGER_TEST_LONG"] !== undefined;
const END_SESSIONS = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()";
const SETTINGS = ["-c", "deadlock_timeout=50ms", "-c", "fsync=off"];

describe.skipIf(!isInstalled)("faults of PostgreSQL", () => {
  let server: PrivateServer;
  let proxy: Proxy;
  let schema = 0;

  beforeAll(async () => {
    server = await PrivateServer.start(SERVERS.postgres, SETTINGS);
    proxy = await Proxy.start(server.port);
  });

  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** A client and two workers on a schema of their own, through the proxy. */
  async function scene(parameters = ""): Promise<FaultScene> {
    const url = `${SERVERS.postgres.url(proxy.port)}?prefix=faults_${schema++}${parameters}`;
    return FaultScene.start([url, url, url]);
  }

  const faults: Readonly<Record<string, () => Promise<void>>> = {
    "a restart": async () => {
      const admin = new Client({ connectionString: server.url });
      await admin.connect();
      // It waits for its clients to go, and refuses new ones meanwhile.
      const stopping = server.stop();
      await admin.query(END_SESSIONS);
      await admin.end();
      await stopping;
      await server.start(SETTINGS);
    },
    "a SIGKILL of the server": async () => {
      await server.kill();
      // What is left of the old one holds its memory for a moment.
      await eventually("the server starts", () =>
        server.start(SETTINGS).then(
          () => true,
          () => false,
        ),
      );
    },
    "a pause of the server": async () => {
      const stopped = await processes(server.url);
      server.pause();
      for (const pid of stopped) process.kill(pid, "SIGSTOP");
      await delay(isLong ? 20_000 : 2500);
      for (const pid of stopped) process.kill(pid, "SIGCONT");
      server.resume();
    },
    "connections that are cut one by one": async () => {
      for (let n = 0; n < 12; n++) {
        proxy.cut(1);
        await delay(40);
      }
    },
    "connections that are cut all at once": async () => proxy.cut(),
    "sessions that an operator ends": () => ask(server.url, END_SESSIONS),
    "a server that takes no writes for a while": async () => {
      await ask(server.url, "alter system set default_transaction_read_only = on", "select pg_reload_conf()");
      await delay(1000);
      await ask(
        server.url,
        "set default_transaction_read_only = off",
        "alter system reset default_transaction_read_only",
        "select pg_reload_conf()",
      );
    },
  };

  it.each(Object.keys(faults))("goes on within 5 s after %s, and loses nothing", async (name) => {
    await using stage = await scene();
    stage.produce();
    await stage.worksWithin(5000);
    await faults[name]?.();
    await stage.worksWithin(5000);
    await stage.everythingRan();
  });

  it("gives up half-open connections, and goes on when the network does", async () => {
    await using stage = await scene("&timeout=1");
    stage.produce();
    await stage.worksWithin(5000);
    proxy.swallow();
    await eventually("a call is given up", () => stage.refused > 0, 8000);
    proxy.pass();
    proxy.cut();

    await stage.worksWithin(5000);
    await stage.everythingRan();
  });

  it("sends statements again that lost a deadlock, and no job sees one", async () => {
    await using stage = await scene();
    stage.produce();
    await stage.worksWithin(5000);
    const prefix = `faults_${schema - 1}`;
    const until = performance.now() + 1500;
    const storm = async () => {
      // Against the order in which everybody else locks.
      while (performance.now() < until)
        await ask(
          server.url,
          "begin",
          `select id from ${prefix}.jobs where state = 3 order by id desc limit 1 for update`,
          `update ${prefix}.jobs set progress = 0 where id in (select id from ${prefix}.jobs where state = 3 order by id desc)`,
          "commit",
        ).catch(() => undefined);
    };
    await Promise.all([storm(), storm(), storm()]);

    await stage.worksWithin(5000);
    await stage.everythingRan();
    expect(stage.duplicates).toBe(0);
    expect(await stage.findings("deadlocks")).not.toEqual([]);
  });

  it("goes by the server's clock, whatever the client's says", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    try {
      await using stage = await scene();
      const job = { queue: "work", name: "count", payload: '{"n":1}', delayMs: 60_000 };
      const [late = ""] = await stage.client.broker.enqueue([job]);
      await stage.worksWithin(5000);

      const { maintenance, inspect } = stage.client.broker;
      expect(await maintenance?.rescue()).toEqual([]);
      const { moved, nextInMs = 0 } = (await maintenance?.due()) ?? {};
      expect([moved, nextInMs > 30_000 && nextInMs <= 60_000]).toEqual([0, true]);
      expect(await inspect?.find(late)).toMatchObject({ state: "scheduled" });
    } finally {
      vi.useRealTimers();
    }
  });

  it("moves the jobs of a host that is cut off, and refuses what it says of them later", async () => {
    await using own = await Proxy.start(server.port);
    const parameters = `?prefix=faults_${schema++}&timeout=1`;
    const [near, far] = [server.url + parameters, SERVERS.postgres.url(own.port) + parameters];
    await using stage = await FaultScene.start([near, near], "1s");
    await using broker = await import("ganger").then(({ openBroker }) => openBroker(far));
    const holder = { holder: "elsewhere:1:cut-off", queues: "work" };
    await broker.heartbeat([holder], 500);
    const [id = ""] = await stage.client.broker.enqueue([{ queue: "alone", name: "count", payload: "1" }]);
    const [claim] = await broker.claim({ queues: ["alone"], limit: 1, holder: holder.holder });
    expect(claim?.id).toBe(id);
    own.swallow();
    await expect(broker.heartbeat([holder], 500)).rejects.toMatchObject({
      code: "GANGER_BROKER_UNREACHABLE",
    });

    await eventually("the job is free again", async () => {
      await stage.client.broker.maintenance?.rescue();
      return (await stage.client.broker.inspect?.find(id))?.state === "waiting";
    });
    own.pass();
    own.cut();
    const outcome = { id, token: claim?.token ?? 0, kind: "completed" as const };
    const settled = await eventually("the late outcome is answered", () =>
      broker.settle([outcome]).then(
        (answer) => answer.settled,
        () => undefined,
      ),
    );
    expect(settled).toEqual([false]);
    expect(await stage.client.broker.inspect?.find(id)).toMatchObject({ state: "waiting", crashes: 1 });
  });

  it("says that the disk is full, loses nothing, and goes on when there is room", async (context) => {
    const disk = mkdtempSync(join(runDir(), "disk-"));
    const isMounted =
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=24m,mode=777", "tmpfs", disk]).status === 0;
    context.skip(!isMounted, "only root may mount a disk of a few megabytes");
    try {
      const folder = join(disk, "space");
      mkdirSync(folder);
      giveTo(identityOf("postgres"), folder);
      await ask(
        server.url,
        `create tablespace small location '${folder}'`,
        "create database small tablespace small",
      );
      const url = `postgres://postgres@127.0.0.1:${proxy.port}/small`;
      await using stage = await FaultScene.start([url, url]);
      stage.produce();
      await stage.worksWithin(5000);
      const direct = url.replace(String(proxy.port), String(server.port));
      const fill = "insert into filler select repeat('x', 1000) from generate_series(1, 1000)";
      await ask(direct, "create table filler (x text)");
      await eventually("the disk is full", () =>
        ask(direct, fill).then(
          () => false,
          () => true,
        ),
      );
      const { broker } = stage.client;
      const job = {
        queue: "large",
        name: "count",
        payload: JSON.stringify(randomBytes(400_000).toString("hex")),
      };
      await eventually("the store has no room", () =>
        broker.enqueue([job]).then(
          () => false,
          (error: unknown) => isGangerError(error, "GANGER_BROKER_FULL"),
        ),
      );
      await ask(direct, "drop table filler", "checkpoint");

      await stage.worksWithin(5000);
      await stage.everythingRan();
    } finally {
      await ask(server.url, "drop database if exists small with (force)", "drop tablespace if exists small");
      spawnSync("umount", [disk]);
    }
  });
});

async function ask(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The server's process for each of its connections, and those that it has for itself. */
async function processes(url: string): Promise<readonly number[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  const stat = readFileSync(`/proc/${rows[0]?.pid}/stat`, "utf8");
  const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
  await client.end();
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, "utf8").trim().split(" ");
  return children.map(Number);
}
