import { once } from "node:events";
import { createServer } from "node:http";
import { openBroker } from "ganger";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Coalescer } from "../../src/broker/coalesce.ts";
import { openMigrations } from "../../src/broker/connect.ts";
import { type MysqlDatabase, mysqlDatabase } from "../support/mysql-database.ts";
import { service } from "../support/services.ts";

const server = await service("mysql");

describe.skipIf(server.unavailable !== undefined)("opening MySQL", () => {
  let database: MysqlDatabase;
  const user = `ganger_${process.pid}`;

  beforeAll(async () => {
    database = await mysqlDatabase(server.url);
  });

  afterAll(async () => {
    await database.query(`drop user if exists ${user}@'%'`);
    await database[Symbol.asyncDispose]();
  });

  async function refusal(change: (url: URL) => void): Promise<string> {
    const url = new URL(database.url);
    change(url);
    const error: unknown = await openBroker(url.href).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ hint: expect.stringMatching(/.{10}/) });
    const { code, message, cause } = error as Error & { code: string };
    expect(`${message} ${String(cause)}`).not.toContain("s3cret");
    return `${code}: ${message}`;
  }

  it("says that the password is wrong", async () => {
    expect(await refusal((url) => Object.assign(url, { username: "nobody", password: "s3cret" }))).toMatch(
      /^GANGER_BROKER_REFUSED: .* does not let us in/,
    );
  });

  it("says that there is no such database", async () => {
    expect(await refusal((url) => Object.assign(url, { pathname: "/nowhere" }))).toMatch(
      /^GANGER_BROKER_REFUSED: .* has no such database/,
    );
  });

  it("says that nothing listens, and that no such host is known", async () => {
    expect(await refusal((url) => Object.assign(url, { port: "1", password: "s3cret" }))).toMatch(
      /^GANGER_BROKER_UNREACHABLE: .* nothing listens there/,
    );
    expect(await refusal((url) => Object.assign(url, { hostname: "host.invalid" }))).toMatch(
      /^GANGER_BROKER_UNREACHABLE: .* (?:nobody knows|cannot be looked up)/,
    );
  });

  it("says that what listens is no MySQL", async () => {
    const web = createServer((_, response) => response.end());
    web.listen(0, "127.0.0.1");
    await once(web, "listening");
    const address = web.address();
    const port = address !== null && typeof address === "object" ? String(address.port) : "";
    expect(
      await refusal((url) => {
        Object.assign(url, { port, password: "s3cret" });
        url.searchParams.set("timeout", "1s");
      }),
    ).toMatch(/^GANGER_BROKER_UNSUITED: .* no MySQL or MariaDB server; it says "HTTP/);
    web.close();
  });

  it("says that a user may not make tables", async () => {
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`create user ${user}@'%' identified by 's3cret'`);
    await database.query(`grant select on ${name}.* to ${user}@'%'`);
    expect(
      await refusal((url) =>
        Object.assign(url, { username: user, password: "s3cret", search: "?prefix=denied" }),
      ),
    ).toMatch(/^GANGER_BROKER_REFUSED: .* does not allow it/);
  });

  it("makes its tables once, whoever comes first", async () => {
    const url = `${database.url}?prefix=crowd`;
    const brokers = await Promise.all(Array.from({ length: 6 }, () => openBroker(url)));
    const [first] = brokers;
    expect(await first?.enqueue([{ queue: "q", name: "task", payload: "1" }])).toEqual(["1"]);
    await Promise.all(brokers.map((broker) => broker[Symbol.asyncDispose]()));
  });

  it("migrates when it is told to, tells its plan, and goes back", async () => {
    const url = `${database.url}?prefix=steps`;
    await using migrations = await openMigrations(url);
    expect(await migrations?.current()).toBe(0);
    expect((await migrations?.plan())?.map(({ version }) => version)).toEqual([1]);
    await expect(openBroker(url, { migrate: false })).rejects.toMatchObject({ code: "GANGER_BROKER_OLDER" });
    expect((await migrations?.up())?.map(({ version }) => version)).toEqual([1]);
    expect(await migrations?.up()).toEqual([]);
    expect(await migrations?.plan()).toEqual([]);
    await using broker = await openBroker(url, { migrate: false });
    expect(broker.name).toBe("mysql");

    expect((await migrations?.down(0))?.map(({ version }) => version)).toEqual([0]);
    expect(await migrations?.current()).toBe(0);
    expect(await database.query("show tables like 'steps%'")).toEqual([]);
  });

  it("works with a newer schema that suits it, and with no other", async () => {
    const url = `${database.url}?prefix=newer`;
    await (await openBroker(url))[Symbol.asyncDispose]();
    await database.query("update newer_schema set version = 2, compatible = 1");
    await (await openBroker(url))[Symbol.asyncDispose]();
    await database.query("update newer_schema set compatible = 2");
    await expect(openBroker(url)).rejects.toMatchObject({ code: "GANGER_BROKER_NEWER" });
  });

  it("begins a migration again that was cut off", async () => {
    await database.query(
      "create table cut_queues (id int not null auto_increment primary key, name varchar(100) character set ascii collate ascii_bin not null unique)",
    );
    await using broker = await openBroker(`${database.url}?prefix=cut`);
    expect(await broker.enqueue([{ queue: "q", name: "task", payload: "1" }])).toEqual(["1"]);
  });

  it("refuses a payload that no packet of the server's can hold, and takes its neighbours", async () => {
    await using broker = await openBroker(`${database.url}?prefix=large`);
    const [row] = await database.query("select @@max_allowed_packet as bytes");
    const job = { queue: "q", name: "task", payload: JSON.stringify("é".repeat(Number(row?.["bytes"]) / 4)) };
    const coalescer = new Coalescer((jobs) => broker.enqueue(jobs));
    const [large, small] = await Promise.allSettled([
      coalescer.add(job),
      coalescer.add({ ...job, payload: "1" }),
    ]);
    expect(large).toMatchObject({ status: "rejected", reason: { code: "GANGER_PAYLOAD_LARGE" } });
    expect(small).toEqual({ status: "fulfilled", value: "1" });
  });

  it("takes a user's connection by promises, and none that leads elsewhere", async () => {
    await using broker = await openBroker(`${database.url}?prefix=users`);
    const connection = await createConnection(database.url);
    await connection.beginTransaction();
    const job = { queue: "q", name: "task", payload: "'\\" };
    const [id = ""] = (await broker.transactions?.enqueue(connection, [job])) ?? [];
    expect(await broker.inspect?.find(id)).toBeUndefined();
    await connection.commit();
    expect(await broker.inspect?.find(id)).toMatchObject({ payload: "'\\", state: "waiting" });

    await connection.query("use mysql");
    await connection.beginTransaction();
    await expect(broker.transactions?.enqueue(connection, [job])).rejects.toMatchObject({
      code: "GANGER_TRANSACTION_INVALID",
    });
    connection.destroy();
  });
});
