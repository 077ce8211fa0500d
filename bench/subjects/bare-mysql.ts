import { setTimeout as delay } from "node:timers/promises";
import { createConnection, type RowDataPacket } from "mysql2/promise";
import type { Payload, Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";

const POLL_MS = 1;

/**
 * The least that a queue on MySQL or MariaDB can do: one table; one transaction claims a batch with SKIP LOCKED at READ
 * COMMITTED, one statement ends it. No retry, delay, priority, fencing or history. `argument` is the size of a batch.
 */
export function createBareMysql(argument: string): Subject {
  const insert = "insert into jobs (payload) values ?";
  return {
    async create(address) {
      const connection = await open(address);
      await connection.query(
        "create table jobs (id bigint auto_increment primary key, state tinyint not null default 0, payload text not null, index waiting (state, id))",
      );
      await connection.end();
    },
    async openProducer(address) {
      const connection = await open(address);
      return {
        add: (payload) => connection.query(insert, [[[JSON.stringify(payload)]]]),
        addMany: (payloads) =>
          connection.query(insert, [payloads.map((payload) => [JSON.stringify(payload)])]),
        close: () => connection.end(),
      };
    },
    async openConsumer(address, perform) {
      const connection = await open(address);
      const stopping = new AbortController();
      let loop: Promise<void> = Promise.resolve();
      const run = async () => {
        while (!stopping.signal.aborted) {
          await connection.beginTransaction();
          const [rows] = await connection.query<RowDataPacket[]>(
            `select id, payload from jobs where state = 0 order by id limit ${Number(argument)} for update skip locked`,
          );
          const ids = rows.map(({ id }) => id as number);
          if (ids.length > 0) await connection.query("update jobs set state = 1 where id in (?)", [ids]);
          await connection.commit();
          if (ids.length === 0) await delay(POLL_MS);
          for (const { payload } of rows) perform(JSON.parse(String(payload)) as Payload);
          if (ids.length > 0) await connection.query("update jobs set state = 2 where id in (?)", [ids]);
        }
      };
      return {
        async start() {
          loop = run();
        },
        async stop() {
          stopping.abort();
          await loop;
          await connection.end();
        },
      };
    },
    async openBooks(address) {
      const connection = await open(address);
      const count = async (where: string) => {
        const [rows] = await connection.query<RowDataPacket[]>(
          `select count(*) as count from jobs where ${where}`,
        );
        return Number(rows[0]?.["count"]);
      };
      return {
        async isIdle() {
          const [rows] = await connection.query<RowDataPacket[]>(
            "select id from jobs where state < 2 limit 1",
          );
          return rows.length === 0;
        },
        async assertCompleted(expected) {
          const left = { completed: await count("state = 2"), left: await count("state < 2") };
          assertCounts(left, { completed: expected, left: 0 });
        },
        waiting: () => count("state = 0"),
        close: () => connection.end(),
      };
    },
  };
}

async function open(address: string) {
  const connection = await createConnection(address);
  await connection.query("set session transaction isolation level read committed");
  return connection;
}
