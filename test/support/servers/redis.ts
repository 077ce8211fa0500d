import { findBinary, freePort, type ServerKind, startServer } from "./server.ts";

export const redis: ServerKind = {
  title: "Redis or Valkey",
  debianPackage: "redis-server",
  standardPort: 6379,
  url: (port) => `redis://127.0.0.1:${port}`,
  greeting: {
    hello: Buffer.from("PING\r\n"),
    judge: (received) => (received.includes("\r\n") ? received.toString().startsWith("+PONG") : undefined),
  },
  binary: () => findBinary("redis-server") ?? findBinary("valkey-server"),
  async start(dir, { port: wanted, settings = [] } = {}) {
    const port = wanted ?? (await freePort());
    const args = [
      "--bind",
      "127.0.0.1",
      "--port",
      `${port}`,
      "--save",
      "",
      "--appendonly",
      "no",
      "--dir",
      dir,
      ...settings,
    ];
    return await startServer(redis, port, { binary: redis.binary() ?? "redis-server", args, dir });
  },
};
