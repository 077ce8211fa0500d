import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll } from "vitest";
import { openBroker, openMigrations } from "../../src/broker/connect.ts";
import type { UserTransaction } from "../../src/testing/conformance/case.ts";
import { service } from "../support/services.ts";
import { runConformance } from "./run.ts";

const { url: server, unavailable } = await service("postgres");

/** Making a schema takes longer than most cases: one that a case is done with is emptied for the next. */
const made: string[] = [];
const free: string[] = [];

runConformance("postgres", {
  unavailable,
  async open() {
    const schema = free.pop() ?? `t_${randomBytes(6).toString("hex")}`;
    if (!made.includes(schema)) made.push(schema);
    const url = `${server}?prefix=${schema}`;
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

afterAll(async () => {
  for (const schema of made) {
    await using migrations = await openMigrations(`${server}?prefix=${schema}`);
    await migrations?.down(0);
  }
});

async function empty(schema: string): Promise<void> {
  const tables = ["jobs", "finished", "history", "logs", "holders", "queues", "documents"];
  const client = new Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(tables.map((table) => `delete from ${schema}.${table}`).join("; "));
  } finally {
    await client.end();
  }
}

/** A transaction as a user of `pg` opens it. */
async function begin(): Promise<UserTransaction> {
  const connection = new Client({ connectionString: server });
  await connection.connect();
  await connection.query("begin");
  let isOpen = true;
  const end = async (how: "commit" | "rollback") => {
    if (!isOpen) return;
    isOpen = false;
    await connection.query(how).finally(() => connection.end());
  };
  return { connection, commit: () => end("commit"), rollback: () => end("rollback") };
}
