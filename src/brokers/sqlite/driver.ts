import { createRequire } from "node:module";
import { importDriver } from "../../broker/driver.ts";
import { GangerError } from "../../errors.ts";
import {
  asSqlite,
  type BetterDatabase,
  type NodeDatabase,
  type NodeSqlite,
  toBetterSqlite,
  toNodeSqlite,
  versionOf,
} from "./rows.ts";

/** What this broker needs of a SQLite library; both libraries are made to look like it. */
export interface SqliteDatabase {
  exec(sql: string): void;
  prepare(sql: string): SqliteStatement;
  close(): void;
}

export type SqliteValue = number | string | null;

/** Rows are arrays: at a hundred thousand a second, the names of columns cost. */
export interface SqliteStatement {
  run(...values: SqliteValue[]): { readonly changes: number; readonly lastId: number };
  all(...values: SqliteValue[]): readonly SqliteRow[];
  get(...values: SqliteValue[]): SqliteRow | undefined;
}

export type SqliteRow = readonly unknown[];

/**
 * Opens a file with `node:sqlite` where Node.js has it (22.13 and later), else with better-sqlite3.
 *
 * @throws `GANGER_DRIVER_MISSING` or `GANGER_DRIVER_UNSUITED`.
 */
export async function openDatabase(path: string): Promise<SqliteDatabase> {
  const builtIn = nodeSqlite();
  return builtIn === undefined ? openBetterSqlite(path) : openNodeSqlite(builtIn, path);
}

/** `node:sqlite` without the warning that it is experimental, which would be repeated by each worker. */
function nodeSqlite(): NodeSqlite | undefined {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < 22 || (major === 22 && minor < 13)) return undefined;
  const warn = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return toNodeSqlite(process.getBuiltinModule("node:sqlite"));
  } finally {
    process.emitWarning = warn;
  }
}

function openNodeSqlite({ DatabaseSync }: NodeSqlite, path: string): SqliteDatabase {
  return wrapNode(new DatabaseSync(path));
}

/** Makes a database of `node:sqlite` look like any other. */
export function wrapNode(database: NodeDatabase): SqliteDatabase {
  return {
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql);
      const hasArrays = statement.setReturnArrays !== undefined;
      statement.setReturnArrays?.(true);
      // A user's own connection may be set to read all whole numbers so.
      statement.setReadBigInts(false);
      const toRow = (row: object): SqliteRow => (hasArrays ? asSqlite(row) : Object.values(row));
      return {
        all: (...values) => statement.all(...values).map(toRow),
        get(...values) {
          const row = statement.get(...values);
          return row === undefined ? undefined : toRow(row);
        },
        run(...values) {
          const { changes, lastInsertRowid } = statement.run(...values);
          return { changes: Number(changes), lastId: Number(lastInsertRowid) };
        },
      };
    },
  };
}

async function openBetterSqlite(path: string): Promise<SqliteDatabase> {
  assertSuited();
  const { default: Database } = await importDriver("better-sqlite3", () => import("better-sqlite3"));
  return wrapBetterSqlite(toBetterSqlite(new Database(path, { timeout: 0 })));
}

/** Makes a database of better-sqlite3 look like any other. */
export function wrapBetterSqlite(database: BetterDatabase): SqliteDatabase {
  return {
    exec: (sql) => void database.exec(sql),
    close: () => void database.close(),
    prepare(sql) {
      const statement = database.prepare(sql);
      if (statement.reader) statement.raw(true).safeIntegers(false);
      return {
        all: (...values) => statement.all(...values),
        get: (...values) => statement.get(...values),
        run(...values) {
          const { changes, lastInsertRowid } = statement.run(...values);
          return { changes, lastId: Number(lastInsertRowid) };
        },
      };
    },
  };
}

/** better-sqlite3 13 ends Node.js 20 with a segmentation fault: it must not even be loaded there. */
function assertSuited(): void {
  const version = installedVersion();
  if (version === undefined || Number.parseInt(version, 10) < 13) return;
  throw new GangerError(
    "GANGER_DRIVER_UNSUITED",
    `better-sqlite3 ${version} cannot run on Node.js ${process.versions.node}`,
    { hint: "npm install better-sqlite3@12, or use Node.js 22.13 or later, which needs no library." },
  );
}

function installedVersion(): string | undefined {
  try {
    return versionOf(createRequire(import.meta.url)("better-sqlite3/package.json"));
  } catch {
    return undefined;
  }
}
