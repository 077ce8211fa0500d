import type { Claim } from "../../broker/claim.ts";
import { recordOf } from "../../broker/sql-rows.ts";
import type { JobRecord } from "../../job/job.ts";
import { isJobState } from "../../job/states.ts";
import type { SqliteRow } from "./driver.ts";

/** The one place where this broker believes what a row or a library is. */

export interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => NodeDatabase;
}

/** What is used of a database of `node:sqlite`, ours or a user's. */
export interface NodeDatabase {
  /** Not before Node.js 22.16. */
  readonly isTransaction?: boolean;
  exec(sql: string): void;
  close(): void;
  prepare(sql: string): {
    all(...values: unknown[]): object[];
    get(...values: unknown[]): object | undefined;
    run(...values: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
    setReturnArrays?(on: boolean): void;
    setReadBigInts(on: boolean): void;
  };
}

/** What is used of a database of better-sqlite3, ours or a user's. */
export interface BetterDatabase {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  close(): unknown;
  prepare(sql: string): {
    readonly reader: boolean;
    raw(on: boolean): { safeIntegers(on: boolean): unknown };
    all(...values: unknown[]): SqliteRow[];
    get(...values: unknown[]): SqliteRow | undefined;
    run(...values: unknown[]): { changes: number; lastInsertRowid: number | bigint };
  };
}

export function toBetterSqlite(database: object): BetterDatabase {
  return database as BetterDatabase;
}

/** Tells by what a user's connection can do which library it is of; `undefined` for any other object. */
export function toUsersDatabase(connection: object): UsersDatabase | undefined {
  const database = connection as Partial<BetterDatabase & NodeDatabase>;
  if (typeof database.prepare !== "function" || typeof database.exec !== "function") return undefined;
  if ("inTransaction" in database) return { better: toBetterSqlite(connection) };
  return "enableLoadExtension" in connection ? { node: database as NodeDatabase } : undefined;
}

type UsersDatabase =
  | { readonly better: BetterDatabase; readonly node?: undefined }
  | { readonly node: NodeDatabase; readonly better?: undefined };

export function toNodeSqlite(module: object | undefined): NodeSqlite | undefined {
  return module as NodeSqlite | undefined;
}

export function asSqlite(row: object): SqliteRow {
  return row as SqliteRow;
}

export function versionOf(manifest: unknown): string | undefined {
  return (manifest as { version?: string }).version;
}

/** The primary result code by name; better-sqlite3 names it, node:sqlite numbers it. */
export function resultCodeOf(error: unknown): string | undefined {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  // The one extended code that means something else: to wait does not help.
  if (errcode === 517 || code === "SQLITE_BUSY_SNAPSHOT") return "SQLITE_BUSY_SNAPSHOT";
  if (typeof errcode === "number") return RESULT_CODES[errcode & 0xff];
  if (typeof code !== "string") return undefined;
  return Object.values(RESULT_CODES).find((name) => code === name || code.startsWith(`${name}_`));
}

const RESULT_CODES: Readonly<Record<number, string>> = {
  3: "SQLITE_PERM",
  5: "SQLITE_BUSY",
  6: "SQLITE_LOCKED",
  8: "SQLITE_READONLY",
  10: "SQLITE_IOERR",
  11: "SQLITE_CORRUPT",
  13: "SQLITE_FULL",
  14: "SQLITE_CANTOPEN",
  26: "SQLITE_NOTADB",
};

export function toNumber(value: unknown): number {
  return value as number;
}

export function toText(value: unknown): string {
  return value as string;
}

/** A row of `claimRows`. */
export function toClaim(row: SqliteRow, queue: string, token: number): Claim {
  const rare = row[5] as string | null;
  const [attempts, interruptions, crashes, options] =
    rare === null ? NOTHING_RARE : (JSON.parse(rare) as Rare);
  return {
    id: String(row[0]),
    token,
    queue,
    name: row[2] as string,
    payload: row[3] as string,
    priority: 0 - (row[1] as number),
    attempts,
    interruptions,
    crashes,
    enqueuedAtMs: row[4] as number,
    options: options ?? undefined,
  };
}

type Rare = readonly [attempts: number, interruptions: number, crashes: number, options: string | null];

const NOTHING_RARE: Rare = [0, 0, 0, null];

/** A row of `records`. */
export function toRecord(row: SqliteRow): JobRecord {
  const state = row[14] as string;
  return recordOf(row, isJobState(state) ? state : "failed");
}
