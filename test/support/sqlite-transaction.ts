import Database from "better-sqlite3";
import type { UserTransaction } from "../../src/testing/conformance/case.ts";

/** Begins a transaction as a user of better-sqlite3 does, on a connection of its own; waits until nobody else writes. */
export async function beginSqlite(path: string): Promise<UserTransaction> {
  const database = new Database(path, { timeout: 0 });
  for (;;) {
    try {
      database.exec("begin immediate");
      break;
    } catch (error) {
      if (!(error instanceof Database.SqliteError) || error.code !== "SQLITE_BUSY") throw error;
      await new Promise(setImmediate);
    }
  }
  const end = (statement: "commit" | "rollback") => async () => {
    if (!database.open) return;
    database.exec(statement);
    database.close();
  };
  return { connection: database, commit: end("commit"), rollback: end("rollback") };
}
