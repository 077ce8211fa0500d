import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isGangerError } from "ganger";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  BACK_MS,
  type FaultPlace,
  PAUSE_MS,
  startScene,
  testCommonFaults,
} from "../support/common-faults.ts";
import { eventually } from "../support/eventually.ts";
import { FaultScene } from "../support/fault-scene.ts";
import { Proxy } from "../support/proxy.ts";
import { runDir } from "../support/run-dir.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { giveTo, identityOf } from "../support/servers/server.ts";
import { SERVERS } from "../support/services.ts";

const isInstalled = SERVERS.postgres.binary() !== undefined;
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

  const place: FaultPlace = {
    server: () => server,
    proxy: () => proxy,
    nextUrl: (port, parameters = "") =>
      `${SERVERS.postgres.url(port)}?prefix=faults_${schema++}${parameters}`,
    settings: SETTINGS,
    faults: {
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
        await delay(PAUSE_MS);
        for (const pid of stopped) process.kill(pid, "SIGCONT");
        server.resume();
      },
      "sessions that an operator ends": () => ask(server.url, END_SESSIONS),
      "a server that takes no writes for a while": async () => {
        await ask(
          server.url,
          "alter system set default_transaction_read_only = on",
          "select pg_reload_conf()",
        );
        await delay(1000);
        await ask(
          server.url,
          "set default_transaction_read_only = off",
          "alter system reset default_transaction_read_only",
          "select pg_reload_conf()",
        );
      },
    },
  };

  testCommonFaults(place);

  it("sends statements again that lost a deadlock, and no job sees one", async () => {
    await using stage = await startScene(place);
    stage.produce();
    await stage.worksWithin(BACK_MS);
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

    await stage.worksWithin(BACK_MS);
    await stage.everythingRan();
    expect(stage.duplicates).toBe(0);
    expect(await stage.findings("deadlocks")).not.toEqual([]);
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
      await stage.worksWithin(BACK_MS);
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

      await stage.worksWithin(BACK_MS);
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
