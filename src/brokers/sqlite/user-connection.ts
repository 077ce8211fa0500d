import { statSync } from "node:fs";
import { withPrefix } from "../../broker/sql.ts";
import { GangerError, isGangerError } from "../../errors.ts";
import { Connection } from "./connection.ts";
import { type SqliteDatabase, wrapBetterSqlite, wrapNode } from "./driver.ts";
import type { SqliteLocation } from "./location.ts";
import { type NodeDatabase, toText, toUsersDatabase } from "./rows.ts";

/**
 * A connection of the user's own, on which they have a transaction open. What is written through it is a savepoint in
 * that transaction: all of it is there or nothing, should the user go on after an error.
 */
export class UserConnection extends Connection {
  readonly #database: SqliteDatabase;
  readonly #isInTransaction: () => boolean;

  private constructor(database: SqliteDatabase, location: SqliteLocation, isOpen: () => boolean) {
    // The first statement changes nothing and takes the write lock: what is read after it cannot be outdated.
    const lock = withPrefix("delete from ganger_blocked where false", location.prefix);
    super(database, location, {
      begin: [lock, "savepoint ganger"],
      commit: ["release ganger"],
      rollback: ["rollback to ganger", "release ganger"],
    });
    this.#database = database;
    this.#isInTransaction = isOpen;
  }

  /** @throws `GANGER_TRANSACTION_INVALID` for what is no connection to the file of this location. */
  static of(connection: object, location: SqliteLocation): UserConnection {
    const { better, node } = toUsersDatabase(connection) ?? {};
    const user =
      better !== undefined
        ? new UserConnection(wrapBetterSqlite(better), location, () => better.inTransaction)
        : node !== undefined
          ? new UserConnection(wrapNode(node), location, () => isInTransaction(node))
          : undefined;
    if (user === undefined) {
      throw invalid("The transaction is no connection of better-sqlite3 or node:sqlite", CONNECTION_HINT);
    }
    user.#assertPlace();
    return user;
  }

  /** False also once it is closed. */
  get isInTransaction(): boolean {
    try {
      return this.#isInTransaction();
    } catch {
      return false;
    }
  }

  override async write<T>(work: (now: number) => T): Promise<T> {
    try {
      return await super.write(work);
    } catch (error) {
      if (!isGangerError(error, "GANGER_BROKER_READONLY")) throw error;
      throw invalid(
        "The connection of the transaction cannot write",
        `Open ${this.location.path} without readonly and query_only, as a user who may write to it.`,
        error,
      );
    }
  }

  override assertUsable(): void {
    if (this.isInTransaction) return;
    throw invalid(
      "No transaction is open on this connection",
      'Begin one first: database.exec("begin immediate").',
    );
  }

  /** What is in another file would not be seen by any worker. */
  #assertPlace(): void {
    const { path } = this.location;
    const file = this.#file();
    if (file !== "" && isSameFile(file, path)) return;
    const what = file === "" ? "a database in memory" : file;
    throw invalid(
      `The connection is to ${what}, and the jobs are in ${path}`,
      `Open ${path} for your transaction.`,
    );
  }

  #file(): string {
    try {
      const main = this.#database
        .prepare("pragma database_list")
        .all()
        .find((row) => row[1] === "main");
      return toText(main?.[2] ?? "");
    } catch (cause) {
      throw invalid("The connection of the transaction cannot be used", CONNECTION_HINT, cause);
    }
  }
}

const CONNECTION_HINT = "Give the open connection itself, as new Database(path) of better-sqlite3 makes it.";

function invalid(message: string, hint: string, cause?: unknown): GangerError {
  return new GangerError("GANGER_TRANSACTION_INVALID", message, { hint, cause });
}

/** Before Node.js 22.16 it must be tried: a transaction does not begin in another. */
function isInTransaction(database: NodeDatabase): boolean {
  if (database.isTransaction !== undefined) return database.isTransaction;
  try {
    database.exec("begin");
  } catch (error) {
    return String(error).includes("within a transaction");
  }
  database.exec("rollback");
  return false;
}

function isSameFile(a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => statSync(path, { throwIfNoEntry: false }));
  return first !== undefined && first.ino === second?.ino && first.dev === second.dev;
}
