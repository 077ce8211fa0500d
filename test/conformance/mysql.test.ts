import { createConnection } from "mysql2";
import { afterAll, vi } from "vitest";
import { openBroker } from "../../src/broker/connect.ts";
import { mysqlDatabase } from "../support/mysql-database.ts";
import { mysql } from "../support/servers/mysql.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { service } from "../support/services.ts";
import { runConformance } from "./run.ts";

// What a case leaves behind is cleared queue by queue, and one leaves 10,000.
vi.setConfig({ testTimeout: 120_000 });

// No case cuts the power; what a killed process wrote is with the server, whatever that has written to its disk.
const unsynced = ["--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync"];
const isOwn = process.env["GANGER_TEST_MYSQL_URL"] === undefined && mysql.binary() !== undefined;
const own = isOwn ? await PrivateServer.start(mysql, unsynced) : undefined;
const server = own === undefined ? await service("mysql") : { url: own.url, unavailable: undefined };

// Tables take long to make: each case finds those of the case before it, emptied.
const database = server.unavailable === undefined ? await mysqlDatabase(server.url) : undefined;
afterAll(async () => {
  await database?.[Symbol.asyncDispose]();
  await own?.[Symbol.asyncDispose]();
});

runConformance("mysql", {
  unavailable: server.unavailable,
  async open() {
    const url = database?.url ?? "";
    const broker = await openBroker(url);
    return {
      broker,
      reopen: () => openBroker(url),
      begin: () => begin(url),
      async [Symbol.asyncDispose]() {
        await broker[Symbol.asyncDispose]();
        await database?.empty();
      },
    };
  },
});

/** A transaction as a user of mysql2's callbacks has it. */
async function begin(url: string) {
  const connection = createConnection(url);
  const done = (statement: string) =>
    new Promise<void>((resolve, reject) => {
      connection.query(statement, (error) => (error === null ? resolve() : reject(error)));
    });
  let ended: Promise<void> | undefined;
  const end = (statement: string) => {
    ended ??= done(statement).finally(() => connection.destroy());
    return ended;
  };
  await done("start transaction");
  return { connection, commit: () => end("commit"), rollback: () => end("rollback") };
}
