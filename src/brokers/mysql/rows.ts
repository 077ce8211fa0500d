import type { Connection, ConnectionOptions } from "mysql2";
import type { Claim } from "../../broker/claim.ts";
import { recordOf } from "../../broker/sql-rows.ts";
import type { JobRecord } from "../../job/job.ts";
import { isJobState } from "../../job/states.ts";

/** The one place where this broker believes what a row or the library is. */

/** What this broker needs of a connection of mysql2's, and of one that a user hands to it. */
export interface MysqlConnection {
  query(options: QueryOptions, answer: (error: unknown, results: unknown) => void): unknown;
}

interface QueryOptions {
  readonly sql: string;
  readonly rowsAsArray: true;
  readonly typeCast: true;
  /** Not left out: for the library to look for question marks in what may be long takes long. */
  readonly values: null;
}

/** Rows are arrays: at tens of thousands a second, the names of columns cost. */
export type MysqlRow = readonly unknown[];

/** What one statement answered: rows, or how many it touched. */
export interface Result {
  readonly rows: readonly MysqlRow[];
  readonly changes: number;
  /** The first id that an insert made. */
  readonly firstId: number;
  readonly isInTransaction: boolean;
}

interface Header {
  readonly affectedRows?: number;
  readonly insertId?: number;
  readonly serverStatus?: number;
}

const IN_TRANSACTION = 0x1;
const AUTOCOMMIT = 0x2;

/** The answers of a packet of statements; mysql2 leaves the list out when there was one. */
export function toResults(answer: unknown, statements: number): readonly Result[] {
  return (statements === 1 ? [answer] : (answer as readonly unknown[])).map(toResult);
}

function toResult(answer: unknown): Result {
  if (Array.isArray(answer))
    return { rows: answer as readonly MysqlRow[], changes: 0, firstId: 0, isInTransaction: false };
  const { affectedRows = 0, insertId = 0, serverStatus = AUTOCOMMIT } = answer as Header;
  const isInTransaction = (serverStatus & IN_TRANSACTION) !== 0 || (serverStatus & AUTOCOMMIT) === 0;
  return { rows: [], changes: affectedRows, firstId: insertId, isInTransaction };
}

export interface Mysql2 {
  createConnection(options: ConnectionOptions): Connection;
  escape(text: string): string;
}

/** mysql2 is CommonJS: what it exports may come as `default` alone. */
export function toMysql2(module: object): Mysql2 {
  return ("default" in module ? module.default : module) as Mysql2;
}

/** What mysql2 and Node.js say of an error. */
interface ErrorFacts {
  readonly code?: string;
  readonly errno?: number;
  readonly sqlMessage?: string;
  /** Whether the connection ended with it. */
  readonly fatal?: boolean;
}

export function errorOf(error: unknown): ErrorFacts {
  return typeof error === "object" && error !== null ? error : {};
}

/** The connection below, of one that mysql2 has wrapped in promises; `undefined` for anything else, a pool too. */
export function toUserConnection(value: object): MysqlConnection | undefined {
  const { connection = value } = value as { connection?: object };
  const { query, execute, beginTransaction, getConnection } = connection as Record<string, unknown>;
  const isConnection = [query, execute, beginTransaction].every((method) => typeof method === "function");
  return isConnection && getConnection === undefined ? (connection as MysqlConnection) : undefined;
}

export function toNumber(value: unknown): number {
  return Number(value);
}

export function toText(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString() : (value as string);
}

/** A row of `claimedJobs`. */
export function toClaim(row: MysqlRow, token: number, queue: string): Claim {
  return {
    id: String(row[0]),
    token,
    queue,
    name: row[1] as string,
    payload: row[2] as string,
    priority: row[3] as number,
    attempts: row[4] as number,
    interruptions: row[5] as number,
    crashes: row[6] as number,
    enqueuedAtMs: row[7] as number,
    options: (row[8] as string | null) ?? undefined,
  };
}

/** A row of `records`. */
export function toRecord(row: MysqlRow): JobRecord {
  const state = row[14] as string;
  return recordOf(row, isJobState(state) ? state : "failed");
}
