import { randomBytes } from "node:crypto";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Outcome } from "../../src/broker/claim.ts";
import { openBroker } from "../../src/broker/connect.ts";
import { type MysqlDatabase, mysqlDatabase } from "../support/mysql-database.ts";
import { service } from "../support/services.ts";

const mysql = await service("mysql");
const postgres = await service("postgres");
const job = { queue: "q", name: "task", payload: "1" };
const refusal = (hint: string) =>
  expect.objectContaining({
    code: "GANGER_TRANSACTION_INVALID",
    message: expect.stringContaining("is read-only"),
    hint: `Begin it with: ${hint}`,
  });

describe.skipIf(mysql.unavailable !== undefined)("a user's transaction on MySQL", () => {
  let database: MysqlDatabase;

  beforeAll(async () => {
    database = await mysqlDatabase(mysql.url);
  });

  afterAll(() => database[Symbol.asyncDispose]());

  it("may be of a session that bounds what a statement deletes and answers, and finds its bounds again", async () => {
    await using broker = await openBroker(`${database.url}?prefix=bounds`);
    const { transactions } = broker;
    const connection = await createConnection(database.url);
    await connection.query(
      "set sql_safe_updates = 1, sql_select_limit = 0, sql_big_selects = 0, max_join_size = 1",
    );
    await connection.beginTransaction();
    const ids = (await transactions?.enqueue(connection, [job, job, job, { ...job, delayMs: 60_000 }])) ?? [];
    await connection.commit();
    expect(ids).toHaveLength(4);
    await broker.heartbeat([{ holder: "h", queues: "q" }], 60_000);
    const claims = await broker.claim({ holder: "h", queues: ["q"], limit: 10 });
    const error = { name: "Error", message: "no" };
    const outcomes = claims.map(({ id, token }, place): Outcome => {
      if (place === 0) return { id, token, kind: "completed", keepMs: 0 };
      return place === 1
        ? { id, token, kind: "failed", error }
        : { id, token, kind: "released", started: true };
    });

    await connection.beginTransaction();
    expect(await transactions?.settle(connection, outcomes)).toEqual([true, true, true]);
    await connection.commit();
    const states = await Promise.all(claims.map(async ({ id }) => (await broker.inspect?.find(id))?.state));
    expect(states).toEqual([undefined, "failed", "waiting"]);
    const [rows] = await connection.query<RowDataPacket[]>(
      "select @@sql_safe_updates as safe, @@sql_select_limit as most, @@sql_big_selects as big limit 1",
    );
    expect(rows[0]).toEqual({ safe: 1, most: 0, big: 0 });
    connection.destroy();
  });

  it("may have a savepoint named ganger, and returns to it", async () => {
    await using broker = await openBroker(`${database.url}?prefix=points`);
    const connection = await createConnection(database.url);
    await connection.beginTransaction();
    await connection.query("savepoint ganger");
    const [first = ""] = (await broker.transactions?.enqueue(connection, [job])) ?? [];
    await broker.transactions?.enqueue(connection, [job]);
    await connection.query("rollback to savepoint ganger");
    await connection.commit();

    expect(first).not.toBe("");
    expect(await broker.inspect?.find(first)).toBeUndefined();
    connection.destroy();
  });

  it("is told when it is one that only reads", async () => {
    await using broker = await openBroker(`${database.url}?prefix=readers`);
    const connection = await createConnection(database.url);
    await connection.query("start transaction read only");

    await expect(broker.transactions?.enqueue(connection, [job])).rejects.toEqual(
      refusal("start transaction read write"),
    );
    connection.destroy();
  });
});

describe.skipIf(postgres.unavailable !== undefined)("a user's transaction on PostgreSQL", () => {
  it("is told when it is one that only reads", async () => {
    const schema = `t_${randomBytes(6).toString("hex")}`;
    const url = new URL(postgres.url);
    url.searchParams.set("prefix", schema);
    const connection = new Client({ connectionString: postgres.url });
    await connection.connect();
    try {
      await using broker = await openBroker(url.href);
      await broker.enqueue([job]);
      await broker.heartbeat([{ holder: "h", queues: "q" }], 60_000);
      const [claim] = await broker.claim({ holder: "h", queues: ["q"], limit: 1 });
      const outcome = { id: claim?.id ?? "", token: claim?.token ?? 0, kind: "completed" as const };

      await connection.query("begin read only");
      await expect(broker.transactions?.enqueue(connection, [job])).rejects.toEqual(
        refusal("begin read write"),
      );
      await connection.query("rollback; begin read only");
      await expect(broker.transactions?.settle(connection, [outcome])).rejects.toEqual(
        refusal("begin read write"),
      );
      await connection.query("rollback");
    } finally {
      await connection.query(`drop schema if exists ${schema} cascade`);
      await connection.end();
    }
  });

  it("completes a job on a connection that was used before, and nothing where none is open", async () => {
    const schema = `t_${randomBytes(6).toString("hex")}`;
    const url = new URL(postgres.url);
    url.searchParams.set("prefix", schema);
    const connection = new Client({ connectionString: postgres.url });
    await connection.connect();
    try {
      await using broker = await openBroker(url.href);
      await broker.enqueue([job, job, job]);
      await broker.heartbeat([{ holder: "h", queues: "q" }], 60_000);
      const claims = await broker.claim({ holder: "h", queues: ["q"], limit: 3 });
      const settle = (claim: { id: string; token: number } | undefined, more: object = {}) => {
        const outcome = { id: claim?.id ?? "", token: claim?.token ?? 0, kind: "completed" as const };
        return broker.transactions?.settle(connection, [{ ...outcome, ...more }]);
      };
      const find = async (place: number) => broker.inspect?.find(claims[place]?.id ?? "");
      await connection.query("begin");
      expect(await settle(claims[0])).toEqual([true]);
      await connection.query("commit; begin");
      expect(await settle(claims[1], { token: (claims[1]?.token ?? 0) + 1 })).toEqual([false]);
      expect(await settle(claims[1], { result: '"yes"', keepMs: 5000 })).toEqual([true]);
      expect(await settle(claims[1])).toEqual([false]);
      expect(await find(1)).toMatchObject({ state: "running" });
      await connection.query("commit");
      const done = await find(1);
      expect(done).toMatchObject({ state: "completed", result: '"yes"' });
      expect(Number(done?.expiresAt) - Number(done?.finishedAt)).toBe(5000);

      await expect(settle(claims[2])).rejects.toMatchObject({
        message: expect.stringContaining("No transaction is open"),
      });
      expect(await find(2)).toMatchObject({ state: "running" });
    } finally {
      await connection.query(`drop schema if exists ${schema} cascade`);
      await connection.end();
    }
  });
});
