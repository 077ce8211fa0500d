import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BACK_MS, type FaultPlace, startScene, testCommonFaults } from "../support/common-faults.ts";
import { eventually } from "../support/eventually.ts";
import { FaultScene } from "../support/fault-scene.ts";
import { Proxy } from "../support/proxy.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS } from "../support/services.ts";

const isInstalled = SERVERS.redis.binary() !== undefined;
/** Everything that is acknowledged is on disk, so that a killed server has it. */
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always"];

describe.skipIf(!isInstalled)("faults of Redis", () => {
  let server: PrivateServer;
  let proxy: Proxy;
  let admin: Redis;
  let scenes = 0;

  beforeAll(async () => {
    server = await PrivateServer.start(SERVERS.redis, DURABLE);
    proxy = await Proxy.start(server.port);
    admin = new Redis(server.port);
    admin.on("error", () => undefined);
  });

  afterAll(async () => {
    admin.disconnect();
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const place: FaultPlace = {
    server: () => server,
    proxy: () => proxy,
    nextUrl: (port, parameters = "") => `redis://127.0.0.1:${port}?prefix=faults${scenes++}${parameters}`,
    settings: DURABLE,
    faults: {
      "a flush of its scripts": async () => void (await admin.script("FLUSH")),
      "a time as a replica": async () => {
        await admin.replicaof("127.0.0.1", "1");
        await delay(1000);
        await admin.replicaof("NO", "ONE");
      },
      "a time without memory": async () => {
        await admin.config("SET", "maxmemory", "1mb");
        await delay(1000);
        await admin.config("SET", "maxmemory", "0");
      },
    },
  };

  testCommonFaults(place);

  it("repeats no job for connections that are cut again and again", async () => {
    await using stage = await startScene(place);
    stage.produce();
    for (let round = 0; round < 20; round++) {
      proxy.cut(round % 4 === 3 ? undefined : 1);
      await stage.worksWithin(BACK_MS);
    }

    await stage.everythingRan();
    expect(stage.duplicates).toBe(0);
  });

  it("runs again what nobody knows to have when it comes back with what it had some time ago", async () => {
    await using own = await PrivateServer.start(SERVERS.redis);
    await using stage = await FaultScene.start([own.url, own.url, own.url]);
    stage.produce();
    await stage.worksWithin(BACK_MS);
    const saver = new Redis(own.port);
    saver.on("error", () => undefined);
    await saver.save();
    saver.disconnect();
    await stage.worksWithin(BACK_MS);
    await own.kill();
    await own.start(["--dbfilename", "dump.rdb"]);

    // What it had forgotten is lost with it; of the rest nothing is stuck, and what ran since the snapshot runs twice.
    await stage.worksWithin(BACK_MS);
    await stage.stopProducing();
    const { inspect } = stage.client.broker;
    await eventually("nothing is left in the books of living holders", async () => {
      const [found] = (await inspect?.queues()) ?? [];
      return found !== undefined && found.counts.running + found.counts.waiting === 0;
    });
  });
});
