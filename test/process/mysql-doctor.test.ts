import { setTimeout as delay } from "node:timers/promises";
import { type Finding, openBroker } from "ganger";
import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { eventually } from "../support/eventually.ts";
import { type MysqlDatabase, mysqlDatabase } from "../support/mysql-database.ts";
import { service } from "../support/services.ts";

const server = await service("mysql");
/** The server answers what it answered before to whoever asks for transactions again within 0.1 s. */
const CACHED_MS = 110;

async function findings(broker: Broker, check: string): Promise<readonly Finding[]> {
  const all = (await broker.maintenance?.doctor()) ?? [];
  return all.filter((finding) => finding.check === check);
}

describe.skipIf(server.unavailable !== undefined)("doctor on MySQL", () => {
  let database: MysqlDatabase;
  let broker: Broker;
  const user = `modest_${process.pid}`;

  beforeAll(async () => {
    database = await mysqlDatabase(server.url);
    broker = await openBroker(database.url);
  });

  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
    await database.query(`drop user if exists ${user}@'%'`);
    await database[Symbol.asyncDispose]();
  });

  it("names the connections with a transaction open", async () => {
    const forgetful = await createConnection(database.url);
    await forgetful.query("start transaction with consistent snapshot");
    await forgetful.query("select count(*) from ganger_jobs");
    const { threadId } = forgetful;
    const named = async () =>
      (await findings(broker, "long-transaction")).some(({ message }) =>
        message.startsWith(`connection ${threadId} has had a transaction open for `),
      );
    await eventually("it is told of", named);
    await forgetful.query("commit");
    await eventually("it is told of no more", async () => {
      await delay(CACHED_MS);
      return !(await named());
    });
    forgetful.destroy();
  });

  it("counts what waits for the purge, and says when it may not look", async () => {
    expect(await findings(broker, "purge")).toMatchObject([{ level: "info", message: /^\d+ changes wait/ }]);
    const name = new URL(database.url).pathname.slice(1);
    await database.query(`create user ${user}@'%' identified by 's3cret'`);
    await database.query(`grant all on ${name}.* to ${user}@'%'`);
    const url = Object.assign(new URL(database.url), { username: user, password: "s3cret" });
    await using theirs = await openBroker(url.href);

    expect(await findings(theirs, "purge")).toMatchObject([{ level: "info", hint: "Grant it PROCESS." }]);
  });

  it("finds books that do not agree, dead workers, and due jobs that nobody sees to", async () => {
    const job = { queue: "q", name: "task", payload: "1" };
    const [lost = ""] = await broker.enqueue([job, { ...job, delayMs: 60_000 }, job]);
    expect(await findings(broker, "books")).toMatchObject([{ level: "info" }]);
    await broker.heartbeat([{ holder: "h", queues: "q" }], 60_000);
    await broker.claim({ holder: "h", queues: ["q"], limit: 1 });
    await database.query("update ganger_holders set alive_until = alive_until - 200000");
    await database.query("update ganger_jobs set run_at = run_at - 200000 where run_at is not null");
    await database.query("update ganger_scheduled set due = due - 200000");
    expect(await findings(broker, "holders")).toMatchObject([{ message: /^1 dead/ }]);
    expect(await findings(broker, "due")).toMatchObject([
      { message: /^1 scheduled jobs are due .* 1[34]\d s$/ },
    ]);

    await database.query("delete from ganger_holders");
    await database.query(`delete from ganger_waiting`);
    const messages = (await findings(broker, "books")).map(({ level, message }) => `${level}: ${message}`);
    expect(messages.sort()).toEqual(["error: 1 claims have no holder", "error: 1 jobs are in no state"]);
    expect(lost).not.toBe("");
  });
});
