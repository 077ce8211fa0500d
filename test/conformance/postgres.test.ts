import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import type { UserTransaction } from "../../src/testing/conformance/case.ts";
import { service } from "../support/services.ts";
import { runConformance } from "./run.ts";

const { url: server, unavailable } = await service("postgres");

const database = `ganger_test_${randomBytes(6).toString("hex")}`;
const store = new URL(server || "postgres://nowhere");
store.pathname = database;

/** Making a schema takes longer than most cases: one that a case is done with is emptied for the next. */
const free: string[] = [];

if (unavailable === undefined) {
  // No case cuts the power: none need wait for the disk.
  beforeAll(() =>
    query(server, `create database ${database}`, `alter database ${database} set synchronous_commit = off`),
  );
  afterAll(() => query(server, `drop database ${database} with (force)`));
}

runConformance("postgres", {
  unavailable,
  async open() {
    const schema = free.pop() ?? `t_${randomBytes(6).toString("hex")}`;
    const url = `${store.href}?prefix=${schema}`;
    const broker = await openBroker(url);
    return {
      broker,
      reopen: () => openBroker(url),
      begin,
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
        await empty(schema);
        free.push(schema);
      },
    };
  },
});

async function empty(schema: string): Promise<void> {
  const tables = ["jobs", "finished", "history", "logs", "holders", "queues", "documents"];
  await query(store.href, tables.map((table) => `delete from ${schema}.${table}`).join("; "));
}

async function query(url: string, ...statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** A transaction as a user of `pg` opens it. */
async function begin(): Promise<UserTransaction> {
  const connection = new Client({ connectionString: store.href });
  await connection.connect();
  await connection.query("begin");
  let isOpen = true;
  const end = async (how: "commit" | "rollback") => {
    if (!isOpen) return;
    isOpen = false;
    try {
      await connection.query(how);
    } finally {
      await connection.end();
    }
  };
  return { connection, commit: () => end("commit"), rollback: () => end("rollback") };
}
