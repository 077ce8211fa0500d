import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { Proxy } from "../support/proxy.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { answers, freePort } from "../support/servers/server.ts";
import { privateServer, SERVERS, service } from "../support/services.ts";

describe("a test service", () => {
  it.for(["redis", "postgres"] as const)(
    "is started from an installed %s, once a run",
    { timeout: 60_000 },
    async (name, context) => {
      const kind = SERVERS[name];
      const missing = kind.binary() === undefined;
      if (missing && process.env["CI"]) throw new Error(`${kind.title} is not installed`);
      context.skip(missing, `no ${kind.title} is installed (Debian: apt-get install ${kind.debianPackage})`);

      const [url, again] = await Promise.all([privateServer(name), privateServer(name)]);

      expect(again).toBe(url);
      expect(await answers(kind, Number(new URL(url).port))).toBe(true);
    },
  );

  it("can be one of a test's own, which fails and comes back", { timeout: 60_000 }, async (context) => {
    const missing = SERVERS.redis.binary() === undefined;
    context.skip(missing, "no Redis or Valkey is installed (Debian: apt-get install redis-server)");
    await using server = await PrivateServer.start(SERVERS.redis);
    await using proxy = await Proxy.start(server.port);
    const ask = () => answers(SERVERS.redis, proxy.port);
    expect(await ask()).toBe(true);

    await server.kill();
    expect(await ask()).toBe(false);
    await server.start();
    expect(await ask()).toBe(true);

    const asked = ask();
    proxy.swallow();
    expect(await Promise.race([asked, ask()])).toBe(false);
    proxy.pass();
    await eventually("it is cut", () => proxy.connections === 0);
    expect(await ask()).toBe(true);
  });

  it("is the one that the environment names", async () => {
    const variable = "GANGER_TEST_MYSQL_URL";
    const before = process.env[variable];
    process.env[variable] = "mysql://elsewhere";
    try {
      expect(await service("mysql")).toEqual({ url: "mysql://elsewhere", unavailable: undefined });
    } finally {
      if (before === undefined) delete process.env[variable];
      else process.env[variable] = before;
    }
  });

  it.each(["redis", "postgres", "mysql", "rabbitmq"] as const)(
    "is no %s when nothing listens",
    async (name) => {
      expect(await answers(SERVERS[name], await freePort())).toBe(false);
    },
  );

  it.each(["redis", "postgres", "mysql", "rabbitmq"] as const)(
    "is no %s when something else speaks",
    async (name) => {
      const stranger = createServer((socket) => {
        socket.on("error", () => {});
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      });
      const port = await freePort();
      await new Promise<void>((resolve) => {
        stranger.listen(port, "127.0.0.1", resolve);
      });

      expect(await answers(SERVERS[name], port)).toBe(false);
      stranger.close();
    },
  );
});
