import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import type { ErrorCode } from "../../src/errors.ts";
import { eventually } from "../support/eventually.ts";
import { runDir } from "../support/run-dir.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { redis } from "../support/servers/redis.ts";
import { freePort } from "../support/servers/server.ts";

const SECRET = "sesame-7f3a";

/** Fails unless opening is refused with this code, a hint, and no password in anything that may be printed. */
async function refusal(url: string, code: ErrorCode): Promise<string> {
  const error = await openBroker(url).then(
    async (broker) => {
      await broker[Symbol.asyncDispose]();
      throw new Error(`${url} was opened`);
    },
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ code, hint: expect.stringMatching(/\w/) });
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
  return String(error);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const job = { queue: "main", name: "task", payload: "1" };

describe("a server that cannot be used is named, with the next step", () => {
  it("when nobody listens there", async () => {
    const port = await freePort();
    const text = await refusal(`redis://:${SECRET}@127.0.0.1:${port}`, "GANGER_BROKER_UNREACHABLE");
    expect(text).toContain(`redis://127.0.0.1:${port} cannot be reached`);
  });

  it("when a password that is not percent-encoded reaches beyond the host", async () => {
    const port = await freePort();
    const text = await refusal(`redis://u:x@${SECRET}@127.0.0.1:${port}`, "GANGER_BROKER_UNREACHABLE");
    expect(text).toContain(`redis://127.0.0.1:${port} cannot be reached`);
    for (const scheme of ["redis", "postgres", "mysql", "amqp"]) {
      for (const password of [`x/${SECRET}`, `x?${SECRET}`, `x@y/${SECRET}`])
        await refusal(`${scheme}://u:${password}@127.0.0.1:${port}/0`, "GANGER_URL_INVALID");
    }
  });

  it("when a command that is needed was renamed, without what was sent with it", async () => {
    await using noAuth = await PrivateServer.start(redis, ["--rename-command", "AUTH", "login"]);
    await refusal(`redis://u:${SECRET}@127.0.0.1:${noAuth.port}`, "GANGER_BROKER_UNSUITED");
    for (const command of ["EVALSHA", "RPUSH"]) {
      await using server = await PrivateServer.start(redis, ["--rename-command", command, "other"]);
      await using broker = await openBroker(server.url);
      const error = await broker.enqueue([{ ...job, payload: `"${SECRET}"` }]).catch((reason) => reason);
      expect(error).toMatchObject({ code: "GANGER_BROKER_UNSUITED" });
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(SECRET);
    }
  });

  it("when a key of its prefix is somebody else's", async () => {
    await using server = await PrivateServer.start(redis);
    const admin = new Redis(server.port);
    await admin.set("{ganger}:queues", "x");
    admin.disconnect();
    await using broker = await openBroker(server.url);
    await expect(broker.enqueue([job])).rejects.toMatchObject({ code: "GANGER_BROKER_UNSUITED" });
  });

  it("when no host has that name", async () => {
    await refusal(`redis://u:${SECRET}@no-such-host.invalid`, "GANGER_BROKER_UNREACHABLE");
  });

  it("when it takes not this password, or wants one, or does not let the user do what is needed", async () => {
    await using server = await PrivateServer.start(redis, []);
    const admin = new Redis(server.port);
    await admin.acl("SETUSER", "reader", "on", `>${SECRET}`, "~*", "+@read", "+info");
    await admin.acl("SETUSER", "elsewhere", "on", `>${SECRET}`, "~other:*", "+@all");
    // As docs/guide/redis.md has it.
    const rights = ["~{ganger}:*", "~{ganger}", "&{ganger}:*", "+@all", "-@dangerous", "+info"];
    await admin.acl("SETUSER", "fit", "on", `>${SECRET}`, ...rights);
    await admin.config("SET", "requirepass", "another");
    admin.disconnect();
    const at = `127.0.0.1:${server.port}`;

    await refusal(`redis://:${SECRET}@${at}`, "GANGER_BROKER_REFUSED");
    await refusal(`redis://nobody:${SECRET}@${at}`, "GANGER_BROKER_REFUSED");
    await refusal(`redis://${at}`, "GANGER_BROKER_REFUSED");
    await refusal(`redis://reader:${SECRET}@${at}`, "GANGER_BROKER_REFUSED");
    await refusal(`redis://elsewhere:${SECRET}@${at}`, "GANGER_BROKER_REFUSED");
    for (const user of [":another", `fit:${SECRET}`]) {
      await using broker = await openBroker(`redis://${user}@${at}`);
      let isWoken = false;
      await using _listening = await broker.wakeups?.subscribe(() => {
        isWoken = true;
      });
      isWoken = false;
      expect(await broker.enqueue([{ ...job, queue: user.slice(0, 3).replace(":", "") }])).toHaveLength(1);
      await eventually("it is woken", () => isWoken);
      expect(await broker.maintenance?.doctor()).not.toContainEqual(
        expect.objectContaining({ level: "error" }),
      );
    }
  });

  it("when it has no such database", async () => {
    await using server = await PrivateServer.start(redis);
    await refusal(`${server.url}/99`, "GANGER_BROKER_REFUSED");
  });

  it("when it is too old", async () => {
    const info = "# Server\r\nredis_version:5.0.14\r\nloading:0\r\n";
    const server = createServer((socket) => {
      socket.on("data", () => socket.write(`$${info.length}\r\n${info}\r\n`));
      socket.on("error", () => {});
    });
    const port = await listen(server);
    const text = await refusal(`redis://127.0.0.1:${port}`, "GANGER_BROKER_UNSUITED");
    server.close();
    expect(text).toContain("Redis 5.0.14");
  });

  it("when it is no Redis server, but one of MySQL or of the web", async () => {
    const mysql = createServer((socket) => {
      socket.on("error", () => {});
      socket.write(Buffer.from("4a0000000a352e352e352d31302e31312e362d4d617269614442", "hex"));
    });
    const web = createHttpServer((_, response) => response.end("hello"));
    for (const server of [mysql, web]) {
      await refusal(`redis://127.0.0.1:${await listen(server)}?timeout=2s`, "GANGER_BROKER_UNSUITED");
      server.close();
    }
  });

  it("when it takes connections and says nothing", async () => {
    const server = createServer((socket) => socket.on("error", () => {}));
    await refusal(`redis://127.0.0.1:${await listen(server)}?timeout=300ms`, "GANGER_BROKER_UNREACHABLE");
    server.close();
  });

  it("when it is a replica, from the start or from some moment on", async () => {
    await using primary = await PrivateServer.start(redis);
    await using replica = await PrivateServer.start(redis, ["--replicaof", `127.0.0.1 ${primary.port}`]);
    await refusal(replica.url, "GANGER_BROKER_READONLY");

    const admin = new Redis(replica.port);
    await admin.replicaof("NO", "ONE");
    await using broker = await openBroker(replica.url);
    await broker.enqueue([job]);
    await admin.replicaof("127.0.0.1", primary.port);
    await expect(broker.enqueue([job])).rejects.toMatchObject({ code: "GANGER_BROKER_READONLY" });
    await admin.replicaof("NO", "ONE");
    admin.disconnect();
    expect(await broker.enqueue([job])).toHaveLength(1);
  });

  it("when a later release has changed its keys", async () => {
    await using server = await PrivateServer.start(redis);
    const admin = new Redis(server.port);
    await admin.set("{ganger}:layout", "2");
    admin.disconnect();
    await refusal(server.url, "GANGER_BROKER_NEWER");
  });

  it("when its URL cannot be", async () => {
    for (const url of [
      "redis://h:1:2",
      "redis://h?prefx=a",
      "redis://h?prefix={a}",
      "redis://h/a",
      `redis://%zz:${SECRET}@h`,
      "redis://h:70000",
      "redis:",
      "redis://h?ca=/no/such/file",
    ])
      await refusal(url, "GANGER_URL_INVALID");
    await refusal("redis://h?timeout=soon", "GANGER_URL_INVALID");
  });
});

describe("a server whose memory is used up", () => {
  it("takes no job, lets those it has be finished, and takes jobs again when there is room", async () => {
    await using server = await PrivateServer.start(redis);
    const admin = new Redis(server.port);
    await using broker = await openBroker(server.url);
    const holder = "host:1:a";
    await broker.heartbeat([{ holder, queues: "main" }], 60_000);
    await broker.enqueue([job, job]);
    await admin.config("SET", "maxmemory", "1mb");
    await expect(broker.enqueue([job])).rejects.toMatchObject({ code: "GANGER_BROKER_FULL" });

    const request = { queues: ["main"], limit: 5, holder };
    await broker.heartbeat([{ holder, queues: "main" }], 60_000);
    const claims = await broker.claim(request);
    const { settled } = await broker.settle(
      claims.map(({ id, token }) => ({ id, token, kind: "completed" as const })),
      request,
    );
    await admin.config("SET", "maxmemory", "0");
    admin.disconnect();

    expect(settled).toEqual([true, true]);
    expect(await broker.enqueue([job])).toHaveLength(1);
  });
});

describe("a batch", () => {
  it("may have tens of thousands of jobs with heads of their own, and not as many as no command holds", async () => {
    await using server = await PrivateServer.start(redis);
    await using broker = await openBroker(`${server.url}?timeout=30s`);
    const batch = Array.from({ length: 150_001 }, (_, n) => ({ ...job, priority: n % 2 }));
    expect(await broker.enqueue(batch.slice(0, 20_000))).toHaveLength(20_000);
    await expect(broker.enqueue(batch)).rejects.toMatchObject({ code: "GANGER_OPTION_INVALID" });
  });
});

describe("TLS", () => {
  it("is spoken with a certificate that is trusted, and with no other", async () => {
    const dir = mkdtempSync(join(runDir(), "tls-"));
    const [key, cert] = [join(dir, "key.pem"), join(dir, "cert.pem")];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    execFileSync("openssl", [...args, "-days", "2", "-keyout", key, "-out", cert, ...names], {
      stdio: "ignore",
    });
    const port = await freePort();
    const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
    const settings = ["--tls-port", `${port}`, "--tls-auth-clients", "no", ...files];
    await using server = await PrivateServer.start(redis, settings);

    await using broker = await openBroker(`rediss://localhost:${port}?ca=${cert}`);
    await using valkey = await openBroker(`valkeys://127.0.0.1:${port}?ca=${cert}`);
    await broker.enqueue([job]);
    expect(await valkey.inspect?.ready()).toEqual(["main"]);
    await refusal(`rediss://localhost:${port}`, "GANGER_BROKER_REFUSED");
    await refusal(`rediss://127.0.0.1:${server.port}?ca=${cert}&timeout=1s`, "GANGER_BROKER_UNREACHABLE");
    await refusal(`redis://127.0.0.1:${port}?timeout=1s`, "GANGER_BROKER_UNREACHABLE");
  });
});
