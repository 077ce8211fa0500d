import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
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
