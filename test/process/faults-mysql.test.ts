import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isGangerError, openBroker } from "ganger";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BACK_MS, type FaultPlace, startScene, testCommonFaults } from "../support/common-faults.ts";
import { eventually } from "../support/eventually.ts";
import { FaultScene } from "../support/fault-scene.ts";
import { ask } from "../support/mysql-database.ts";
import { Proxy } from "../support/proxy.ts";
import { runDir } from "../support/run-dir.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { giveTo, identityOf } from "../support/servers/server.ts";
import { SERVERS } from "../support/services.ts";

const isInstalled = SERVERS.mysql.binary() !== undefined;
// A killed server has what it wrote, whether the disk has it or not.
const SETTINGS = ["--innodb-flush-log-at-trx-commit=2", "--innodb-buffer-pool-size=64M"];

describe.skipIf(!isInstalled)("faults of MariaDB", () => {
  let server: PrivateServer;
  let proxy: Proxy;
  let scenes = 0;

  beforeAll(async () => {
    server = await PrivateServer.start(SERVERS.mysql, SETTINGS);
    proxy = await Proxy.start(server.port);
    // One that may not write when the server is read-only, as an application's should be.
    await ask(server.url, "create user app@'%' identified by ''", "grant all on test.* to app@'%'");
  });

  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  function nextUrl(port = proxy.port, parameters = ""): string {
    return `mysql://app@127.0.0.1:${port}/test?prefix=faults${scenes++}${parameters}`;
  }

  it("has its own modes, whatever is set for all", async () => {
    const own = [
      ["sql_safe_updates", "1", "0"],
      ["sql_select_limit", "1", "18446744073709551615"],
      ["completion_type", "'RELEASE'", "'NO_CHAIN'"],
      ["sql_mode", "'ANSI,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'", "default"],
      ["time_zone", "'+05:45'", "default"],
      ["wait_timeout", "2", "default"],
    ] as const;
    await ask(server.url, ...own.map(([name, value]) => `set global ${name} = ${value}`));
    try {
      const broker = await openBroker(nextUrl(server.port));
      const payload = JSON.stringify("back\\slash 'quote' \"🦊\" ?");
      const ids = await broker.enqueue(
        Array.from({ length: 20 }, () => ({ queue: "q", name: "task", payload })),
      );
      await broker.heartbeat([{ holder: "holder", queues: "q" }], 60_000);
      const claims = await broker.claim({ holder: "holder", queues: ["q"], limit: 100 });
      expect(claims.map((claim) => claim.id)).toEqual(ids);
      expect(claims.every((claim) => claim.payload === payload)).toBe(true);
      const { settled } = await broker.settle(
        claims.map(({ id, token }) => ({ id, token, kind: "completed" })),
      );
      expect(settled).toEqual(claims.map(() => true));
      expect(await broker.inspect?.list({ state: "completed", limit: 100 })).toHaveLength(20);
      expect(await broker.edit?.clear("q", "completed")).toBe(20);
      await broker[Symbol.asyncDispose]();
    } finally {
      await ask(server.url, ...own.map(([name, , value]) => `set global ${name} = ${value}`));
    }
  });

  const place: FaultPlace = {
    server: () => server,
    proxy: () => proxy,
    nextUrl,
    settings: SETTINGS,
    faults: {
      "connections that an operator kills": async () => {
        const found = await ask(
          server.url,
          "select id from information_schema.processlist where user = 'app'",
        );
        for (const { id } of found) await ask(server.url, `kill ${id}`).catch(() => {});
      },
      "a server that is read-only for a while": async () => {
        await ask(server.url, "set global read_only = on");
        await delay(1000);
        await ask(server.url, "set global read_only = off");
      },
    },
  };

  testCommonFaults(place);

  it("does again what lost a deadlock, and no job sees one", async () => {
    await using stage = await startScene(place);
    stage.produce();
    await stage.worksWithin(BACK_MS);
    const table = `faults${scenes - 1}_running`;
    const until = performance.now() + 2000;
    const storm = async () => {
      // Against the order in which everybody else locks.
      while (performance.now() < until)
        await ask(
          server.url,
          "start transaction",
          `select id from ${table} order by id desc limit 1 for update`,
          `update ${table} set progress = 0 order by id desc`,
          "commit",
        ).catch(() => undefined);
    };
    await Promise.all([storm(), storm(), storm()]);

    await stage.worksWithin(BACK_MS);
    await stage.everythingRan();
    expect(stage.duplicates).toBe(0);
  });

  // InnoDB ends itself when a rollback finds no room, so that this is a crash of the server as well.
  it("loses nothing by a full disk, and goes on when there is room", async (context) => {
    const disk = mkdtempSync(join(runDir(), "disk-"));
    const isMounted =
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m,mode=777", "tmpfs", disk]).status === 0;
    context.skip(!isMounted, "only root may mount a disk of a few megabytes");
    try {
      const folder = join(disk, "small");
      mkdirSync(folder);
      giveTo(identityOf("mysql"), folder);
      const [row] = await ask(server.url, "select @@datadir as folder");
      symlinkSync(folder, join(String(row?.["folder"]), "small"));
      const url = `mysql://root@127.0.0.1:${proxy.port}/small`;
      await using stage = await FaultScene.start([url, url]);
      const { broker } = stage.client;
      await stage.worksWithin(BACK_MS);
      const large = { queue: "large", name: "count", payload: JSON.stringify("x".repeat(500_000)) };
      await eventually("the store has no room", () =>
        broker.enqueue([large]).then(
          () => false,
          (error: unknown) =>
            isGangerError(error, "GANGER_BROKER_FULL") || isGangerError(error, "GANGER_BROKER_UNREACHABLE"),
        ),
      );
      expect(spawnSync("mount", ["-o", "remount,size=64m", disk]).status).toBe(0);
      const isAlive = await ask(server.url, "select 1").then(
        () => true,
        () => false,
      );
      if (!isAlive) {
        await server.kill();
        await server.start(SETTINGS);
      }

      await stage.worksWithin(BACK_MS);
      await stage.everythingRan();
    } finally {
      await ask(server.url, "drop database if exists small").catch(() => {});
      spawnSync("umount", ["-l", disk]);
    }
  });
});
