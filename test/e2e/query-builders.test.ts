import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { sql as drizzleSql } from "drizzle-orm";
import { drizzle as drizzleSqlite } from "drizzle-orm/better-sqlite3";
import { drizzle as drizzleMysql } from "drizzle-orm/mysql2";
import { drizzle as drizzlePostgres } from "drizzle-orm/node-postgres";
import { connect, defineJob } from "ganger";
import createKnex, { type Knex } from "knex";
import { type Dialect, Kysely, MysqlDialect, PostgresDialect, SqliteDialect } from "kysely";
import { createPool } from "mysql2";
import { createConnection, createPool as createPromisePool } from "mysql2/promise";
import { Client, Pool } from "pg";
import { describe, expect, it } from "vitest";
import { mysqlDatabase } from "../support/mysql-database.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS, service } from "../support/services.ts";

/** What a user does in a transaction: inserts the order 7, and gives ganger the connection. */
type Work = (insert: () => Promise<unknown>, transaction: object) => Promise<void>;
/** A transaction as docs/guide/transactions.md has it. Where the work throws, it is rolled back. */
type Transact = (url: string, work: Work) => Promise<unknown>;
type Shop = { readonly orders: { readonly id: number } };

const INSERT = drizzleSql`insert into orders (id) values (7)`;
const ORDER = { id: 7 };
const fileOf = (url: string) => url.replace("sqlite:", "");

const POSTGRES: Record<string, Transact> = {
  Drizzle: async (url, work) => {
    const pool = new Pool({ connectionString: url });
    const connection = await pool.connect();
    try {
      await drizzlePostgres(connection).transaction((tx) => work(async () => tx.execute(INSERT), connection));
    } finally {
      connection.release();
      await pool.end();
    }
  },
  Kysely: async (url, work) => {
    const pool = new Pool({ connectionString: url });
    const connection = await pool.connect();
    const single = { query: connection.query.bind(connection), release() {} };
    const dialect = new PostgresDialect({
      pool: { options: {}, connect: async () => single, end: async () => {} },
    });
    try {
      await transactByKysely(dialect, connection, work);
    } finally {
      connection.release();
      await pool.end();
    }
  },
  Knex: (url, work) => transactByKnex({ client: "pg", connection: url }, work),
};

const MYSQL: Record<string, Transact> = {
  Drizzle: async (url, work) => {
    const pool = createPromisePool(url);
    const connection = await pool.getConnection();
    try {
      await drizzleMysql({ client: connection }).transaction((tx) =>
        work(() => tx.execute(INSERT), connection),
      );
    } finally {
      connection.release();
      await pool.end();
    }
  },
  Kysely: async (url, work) => {
    const pool = createPool(url);
    const connection = await pool.promise().getConnection();
    const { connection: inner } = connection;
    const single = { query: inner.query.bind(inner), release() {} };
    const dialect = new MysqlDialect({
      pool: {
        getConnection: (done) => done(undefined, single as never),
        end: (done) => done(undefined),
      },
    });
    try {
      await transactByKysely(dialect, connection, work);
    } finally {
      connection.release();
      await pool.promise().end();
    }
  },
  Knex: (url, work) => transactByKnex({ client: "mysql2", connection: url }, work),
};

const SQLITE: Record<string, Transact> = {
  Drizzle: async (url, work) => {
    const db = drizzleSqlite(new Database(fileOf(url)));
    db.$client.exec("begin immediate");
    try {
      await work(async () => db.run(INSERT), db.$client);
      db.$client.exec("commit");
    } finally {
      db.$client.close();
    }
  },
  Kysely: async (url, work) => {
    const database = new Database(fileOf(url));
    await transactByKysely(new SqliteDialect({ database }), database, work);
  },
  Knex: (url, work) =>
    transactByKnex(
      { client: "better-sqlite3", connection: { filename: fileOf(url) }, useNullAsDefault: true },
      work,
    ),
};

async function transactByKysely(dialect: Dialect, transaction: object, work: Work): Promise<void> {
  const db = new Kysely<Shop>({ dialect });
  try {
    await db
      .transaction()
      .execute((trx) => work(() => trx.insertInto("orders").values(ORDER).execute(), transaction));
  } finally {
    await db.destroy();
  }
}

async function transactByKnex(config: Knex.Config, work: Work): Promise<void> {
  const knex = createKnex(config);
  try {
    await knex.transaction(async (trx) => {
      const transaction: unknown = await trx.client.acquireConnection();
      await work(async () => trx("orders").insert(ORDER), transaction as object);
    });
  } finally {
    await knex.destroy();
  }
}

interface Place {
  readonly url: string;
  readonly orders: () => Promise<number>;
}

const pay = defineJob({ name: "pay", perform: ({ order }: { readonly order: number }) => ({ paid: order }) });

/** A job belongs to a transaction of the builder's: it is there after a commit, and not after a rollback. */
async function expectOneCommit({ url, orders }: Place, transact: Transact): Promise<void> {
  await using client = await connect(url);
  const { broker } = client;
  const work: Work = async (insert, transaction) => {
    await insert();
    await client.enqueue(pay, { order: 7 }, { transaction });
    expect(await broker.inspect?.list({ limit: 10 })).toEqual([]);
  };
  const failing: Work = async (insert, transaction) => {
    await work(insert, transaction);
    throw new Error("out of stock");
  };
  await expect(transact(url, failing)).rejects.toThrow("out of stock");
  expect(await orders()).toBe(0);
  expect(await broker.inspect?.list({ limit: 10 })).toEqual([]);

  await transact(url, work);
  expect(await orders()).toBe(1);
  expect(await broker.inspect?.list({ limit: 10 })).toMatchObject([{ name: "pay", state: "waiting" }]);
}

describe("a transaction of a query builder's", () => {
  it.each(Object.entries(SQLITE))("on SQLite: %s", async (_, transact) => {
    const folder = mkdtempSync(join(tmpdir(), "ganger-builders-"));
    const file = join(folder, "shop.db");
    const shop = new Database(file);
    shop.exec("create table orders (id integer)");
    const orders = async () => shop.prepare("select id from orders").all().length;
    try {
      await expectOneCommit({ url: `sqlite:${file}`, orders }, transact);
    } finally {
      shop.close();
      rmSync(folder, { recursive: true });
    }
  });

  it.skipIf(SERVERS.postgres.binary() === undefined)("on PostgreSQL: Drizzle, Kysely, Knex", async () => {
    await using server = await PrivateServer.start(SERVERS.postgres, ["-c", "fsync=off"]);
    for (const [name, transact] of Object.entries(POSTGRES)) {
      const database = name.toLowerCase();
      const admin = new Client({ connectionString: server.url });
      await admin.connect();
      await admin.query(`create database ${database}`);
      await admin.end();
      const url = server.url.replace(/[^/]*$/, database);
      const shop = new Client({ connectionString: url });
      await shop.connect();
      await shop.query("create table orders (id integer)");
      const orders = async () => (await shop.query("select id from orders")).rows.length;
      await expectOneCommit({ url, orders }, transact);
      await shop.end();
    }
  });
});

const mysql = await service("mysql");

it.skipIf(mysql.unavailable !== undefined).each(Object.entries(MYSQL))(
  "a transaction of a query builder's on MySQL: %s",
  async (_, transact) => {
    await using database = await mysqlDatabase(mysql.url);
    const shop = await createConnection(database.url);
    await shop.query("create table orders (id integer)");
    const orders = async () => ((await shop.query("select id from orders"))[0] as readonly unknown[]).length;
    await expectOneCommit({ url: database.url, orders }, transact);
    await shop.end();
  },
);
