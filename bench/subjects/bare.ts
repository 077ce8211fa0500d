import Database from "better-sqlite3";
import type { Subject } from "../subject.ts";
import { assertCounts } from "./assert-counts.ts";

const BATCH = 100;

/**
 * The least that a queue on SQLite can do: one table, and in each write transaction one statement that ends the last 100 jobs
 * and one that claims the next. No retry, delay, priority, fencing or history, and the payload is fetched but not parsed.
 * `argument` is `SYNCHRONOUS,ENDING`: jobs that are done are kept (`keep`) or deleted (`delete`).
 */
export function createBare(argument: string): Subject {
  const [synchronous = "normal", ending = "keep"] = argument.split(",");
  const open = (file: string) => {
    const database = new Database(file, { timeout: 0 });
    patiently(() => database.exec(`pragma journal_mode = wal; pragma synchronous = ${synchronous}`));
    return database;
  };
  return {
    async create(file) {
      const database = open(file);
      database.exec(
        "create table jobs (id integer primary key, state integer not null default 0, payload text not null)",
      );
      // Deleted jobs are not in the way of the next claim; those that are kept are.
      if (ending === "keep") database.exec("create index waiting on jobs (id) where state = 0");
      database.close();
    },
    async openProducer(file) {
      const database = open(file);
      const insert = database.prepare("insert into jobs (payload) values (?)");
      const insertAll = database.transaction((texts: readonly string[]) => {
        for (const text of texts) insert.run(text);
      });
      return {
        add: async (payload) => insert.run(JSON.stringify(payload)),
        addMany: async (payloads) => insertAll(payloads.map((payload) => JSON.stringify(payload))),
        close: async () => void database.close(),
      };
    },
    async openConsumer(file, perform) {
      const database = open(file);
      return {
        async start() {
          setImmediate(() => loop(database, ending, (id) => perform({ order: id - 1, mail: "" })));
        },
        async stop() {},
      };
    },
    async openBooks(file) {
      const database = open(file);
      const index = ending === "keep" ? "indexed by waiting" : "";
      const hasWaiting = database
        .prepare(`select exists (select 1 from jobs ${index} where state = 0)`)
        .pluck();
      const hasRunning = database.prepare("select exists (select 1 from jobs where state = 1)").pluck();
      return {
        isIdle: async () => hasWaiting.get() === 0 && hasRunning.get() === 0,
        async assertCompleted(count) {
          const left = database.prepare("select count(*) from jobs where state <> 2").pluck().get();
          const kept = database.prepare("select count(*) from jobs where state = 2").pluck().get();
          assertCounts({ left, kept }, { left: 0, kept: ending === "keep" ? count : 0 });
        },
        waiting: async () =>
          Number(database.prepare("select count(*) from jobs where state = 0").pluck().get()),
        close: async () => void database.close(),
      };
    },
  };
}

function loop(database: Database.Database, ending: string, perform: (id: number) => void): void {
  const begin = database.prepare("begin immediate");
  const commit = database.prepare("commit");
  const end = database.prepare(
    ending === "keep"
      ? "update jobs set state = 2 where id in (select value from json_each(?))"
      : "delete from jobs where id in (select value from json_each(?))",
  );
  const claim = database
    .prepare<unknown[], [number, string]>(
      `update jobs set state = 1 where id in (select id from jobs where state = 0 order by id limit ${BATCH})
       returning id, payload`,
    )
    .raw();
  let held: number[] = [];
  do {
    patiently(() => begin.run());
    if (held.length > 0) end.run(JSON.stringify(held));
    held = claim.all().map(([id]) => id);
    commit.run();
    for (const id of held) perform(id);
  } while (held.length > 0);
}

/** SQLite's own waiting starves one of several processes; this is fair, at some cost. */
function patiently(work: () => unknown): void {
  for (let waitMs = 0.1; ; waitMs = Math.min(waitMs * 1.5, 2)) {
    try {
      work();
      return;
    } catch (error) {
      if (!(error instanceof Database.SqliteError) || !error.code.startsWith("SQLITE_BUSY")) throw error;
      Atomics.wait(sleeper, 0, 0, waitMs * (0.5 + Math.random()));
    }
  }
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
