import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { createServer, type Server } from "node:net";
import { connect, defineJob, type ErrorCode } from "ganger";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/eventually.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS } from "../support/services.ts";

const SECRET = "s3cret-w0rd";

describe.skipIf(SERVERS.postgres.binary() === undefined)("refusals of PostgreSQL", () => {
  let server: PrivateServer;
  const others: Server[] = [];

  beforeAll(async () => {
    server = await PrivateServer.start(SERVERS.postgres, ["-c", "max_connections=12", "-c", "fsync=off"]);
    await ask(`create role limited login password '${SECRET}'`, "create database ours");
    await ask("revoke create on database ours from public");
  });

  afterAll(async () => {
    for (const other of others) other.close();
    await server[Symbol.asyncDispose]();
  });

  async function ask(...statements: readonly string[]): Promise<void> {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  }

  function urlOf(database: string, user = "limited"): string {
    return `postgres://${user}:${SECRET}@127.0.0.1:${server.port}/${database}`;
  }

  async function listen(other: Server): Promise<number> {
    others.push(other.listen(0, "127.0.0.1"));
    await once(other, "listening");
    const address = other.address();
    return address === null || typeof address === "string" ? 0 : address.port;
  }

  it("names a database, a user and a host that are not there", async () => {
    expect(await refusal(urlOf("nowhere"))).toMatchObject({
      code: "GANGER_BROKER_REFUSED",
      message: expect.stringMatching(/no such database/),
    });
    expect(await refusal(urlOf("ours", "nobody"))).toMatchObject({ code: "GANGER_BROKER_REFUSED" });
    const nobody = await refusal(`postgres://u:${SECRET}@no-such-host.invalid/x`);
    expect(nobody).toMatchObject({ code: "GANGER_BROKER_UNREACHABLE" });
    expect(await refusal(`postgres://u:${SECRET}@127.0.0.1:1/x`)).toMatchObject({
      code: "GANGER_BROKER_UNREACHABLE",
    });
  });

  it("says that the password is wrong, and shows none", async () => {
    const rule = "host all limited 127.0.0.1/32 scram-sha-256";
    const trust = "host all all 127.0.0.1/32 trust";
    const client = new Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query<{ hba_file: string }>("show hba_file");
    await client.query(`copy (values ('${rule}'), ('${trust}')) to '${rows[0]?.hba_file}'`);
    await client.query("select pg_reload_conf()");
    await client.end();
    const wrong = urlOf("ours").replace(SECRET, `${SECRET}-not`);
    await eventually("the server asks for it", async () =>
      (await refusal(wrong)).message.includes("password"),
    );

    expect(await refusal(wrong)).toMatchObject({ code: "GANGER_BROKER_REFUSED" });
    expect((await refusal(urlOf("ours"))).message).toContain("does not permit");
  });

  it("says what a user may not do", async () => {
    expect(await refusal(urlOf("ours"))).toMatchObject({
      code: "GANGER_BROKER_REFUSED",
      hint: expect.stringContaining("GRANT CREATE"),
    });
  });

  it("says that a server takes no writes", async () => {
    const url = urlOf("ours", "postgres");
    await (await connect(`${url}?prefix=written`))[Symbol.asyncDispose]();
    await ask("alter database ours set default_transaction_read_only = on");
    expect(await refusal(url)).toMatchObject({ code: "GANGER_BROKER_READONLY" });
    expect(await refusal(`${url}?prefix=written`)).toMatchObject({ code: "GANGER_BROKER_READONLY" });
    await ask("alter database ours reset default_transaction_read_only");
  });

  it("says that a server has no connection left", async () => {
    const clients: Client[] = [];
    try {
      for (;;) {
        const client = new Client({ connectionString: urlOf("ours") });
        client.on("error", () => undefined);
        await client.connect();
        clients.push(client);
      }
    } catch {
      // All are taken.
    }
    expect(await refusal(urlOf("ours"))).toMatchObject({
      code: "GANGER_BROKER_REFUSED",
      message: expect.stringMatching(/no connection left/),
    });
    await Promise.all(clients.map((client) => client.end()));
  });

  it("knows a server that is no PostgreSQL", async () => {
    const http = await listen(createHttp((_, response) => response.end("hello")));
    const mysql = await listen(
      createServer((socket) => socket.on("error", () => {}).write("J\0\0\0\n8.0.36\0")),
    );
    for (const port of [http, mysql]) {
      const { code } = await refusal(`postgres://u:${SECRET}@127.0.0.1:${port}/x`);
      expect(code).toBe("GANGER_BROKER_UNSUITED");
    }
  });

  it("says that TLS is not to be had, and reads no URL that it does not know all of", async () => {
    expect(await refusal(`${urlOf("ours")}?sslmode=require`)).toMatchObject({
      code: "GANGER_BROKER_REFUSED",
      message: expect.stringMatching(/TLS/),
    });
    for (const query of [
      "sslmode=maybe",
      "prefix=Drop Table",
      "synchronous=perhaps",
      "colour=red",
      "connections=0",
    ]) {
      expect(await refusal(`${urlOf("ours")}?${query}`)).toMatchObject({ code: "GANGER_URL_INVALID" });
    }
  });

  it("takes a reserved word for a prefix, but no schema of the server's own", async () => {
    const { openMigrations } = await import("../../src/broker/connect.ts");
    const url = urlOf("ours", "postgres");
    const client = await connect(`${url}?prefix=user`);
    await client.enqueue(defineJob({ name: "task", perform: () => undefined }), 1);
    await client.close();
    const migrations = await openMigrations(`${url}?prefix=user`);
    expect(await migrations?.down(0)).toHaveLength(1);
    await migrations?.[Symbol.asyncDispose]();

    expect(await refusal(`${url}?prefix=information_schema`)).toMatchObject({ code: "GANGER_URL_INVALID" });
  });

  it("takes no transaction of another database, though that has the same tables", async () => {
    await ask("create database theirs");
    const task = defineJob({ name: "task", perform: () => undefined });
    const ours = await connect(`${urlOf("ours", "postgres")}?prefix=twin`);
    const theirs = await connect(`${urlOf("theirs", "postgres")}?prefix=twin`);
    await theirs.enqueue(task, 1, { queue: "other" });
    const transaction = new Client({ connectionString: urlOf("theirs", "postgres") });
    await transaction.connect();
    await transaction.query("begin");

    await expect(ours.enqueue(task, 2, { transaction })).rejects.toMatchObject({
      code: "GANGER_TRANSACTION_INVALID",
      message: expect.stringContaining("another database"),
    });
    await theirs.enqueue(task, 3, { transaction });
    await transaction.query("commit");
    expect(await theirs.broker.inspect?.list({ limit: 10 })).toHaveLength(2);
    await transaction.end();
    await ours.close();
    await theirs.close();
  });

  it("has its own time-outs and isolation, whatever the role has", async () => {
    await ask(
      "create role hurried login",
      "alter role hurried set statement_timeout = 40",
      "alter role hurried set lock_timeout = 40",
      "alter role hurried set idle_in_transaction_session_timeout = 40",
      "alter role hurried set default_transaction_isolation = 'serializable'",
      "alter role hurried set search_path = ''",
      "create database hurry owner hurried",
    );
    const task = defineJob<unknown, undefined>({ name: "task", perform: () => undefined });
    const client = await connect(`postgres://hurried@127.0.0.1:${server.port}/hurry`);
    const payloads = Array.from({ length: 10_000 }, (_, n) => `${n}${"x".repeat(500)}`);
    expect(await client.enqueueMany(task, payloads)).toHaveLength(10_000);

    const { broker } = client;
    await broker.heartbeat([{ holder: "holder", queues: "*" }], 60_000);
    expect(await broker.claim({ holder: "holder", queues: ["default"], limit: 5000 })).toHaveLength(5000);
    await client.close();
  });

  it("leaves alone what a later release has made, and an older one it may not change", async () => {
    const { openBroker } = await import("ganger");
    const url = urlOf("ours", "postgres");
    await expect(openBroker(`${url}?prefix=fresh`, { migrate: false })).rejects.toMatchObject({
      code: "GANGER_BROKER_OLDER",
    });
    await (await connect(`${url}?prefix=later`))[Symbol.asyncDispose]();
    const change = async (oldest: number) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      await client.query("update later.schema_version set version = 9, oldest = $1", [oldest]);
      await client.end();
    };
    await change(1);
    await (await connect(`${url}?prefix=later`))[Symbol.asyncDispose]();
    await change(9);
    expect(await refusal(`${url}?prefix=later`)).toMatchObject({ code: "GANGER_BROKER_NEWER" });
  });
});

/** What an opening fails with. No text of it may hold the password. */
async function refusal(url: string): Promise<{ code: ErrorCode; message: string; hint: string }> {
  const error: unknown = await connect(url).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  const { code, message, hint, cause } = error as {
    code: ErrorCode;
    message: string;
    hint: string;
    cause?: Error;
  };
  expect(`${message} ${hint} ${String(cause)} ${cause?.stack}`).not.toContain(SECRET);
  expect(hint).not.toBe("");
  return { code, message, hint };
}
