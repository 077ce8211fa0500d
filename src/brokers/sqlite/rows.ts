import type { Claim } from "../../broker/claim.ts";
import type { HistoryEntry, JobError, JobRecord, LogLine } from "../../job/job.ts";
import { isJobState, type JobState } from "../../job/states.ts";
import type { SqliteRow } from "./driver.ts";

/** The one place where this broker believes what a row or a library is. */

export interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => NodeDatabase;
}

interface NodeDatabase {
  exec(sql: string): void;
  close(): void;
  prepare(sql: string): {
    all(...values: unknown[]): object[];
    get(...values: unknown[]): object | undefined;
    run(...values: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
    setReturnArrays?(on: boolean): void;
  };
}

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
    options: toOptional(options),
  };
}

type Rare = readonly [attempts: number, interruptions: number, crashes: number, options: string | null];

const NOTHING_RARE: Rare = [0, 0, 0, null];

/** A row of `records`. */
export function toRecord(row: SqliteRow): JobRecord {
  const state = row[14] as JobState;
  return {
    id: String(row[0]),
    queue: row[1] as string,
    name: row[2] as string,
    state: isJobState(state) ? state : "failed",
    payload: row[3] as string,
    priority: row[4] as number,
    attempts: row[5] as number,
    interruptions: row[6] as number,
    crashes: row[7] as number,
    maxCrashes: row[8] as number,
    options: toOptional(row[9] as string | null),
    tags: row[10] === null ? [] : (JSON.parse(row[10] as string) as readonly string[]),
    error: row[11] === null ? undefined : (JSON.parse(row[11] as string) as JobError),
    enqueuedAt: new Date(row[12] as number),
    runAt: state === "scheduled" ? toDate(row[13]) : undefined,
    holder: toOptional(row[15] as string | null),
    claimedAt: toDate(row[16]),
    progress: toOptional(row[17] as number | null),
    finishedAt: toDate(row[18]),
    expiresAt: toDate(row[19]),
    result: toOptional(row[20] as string | null),
  };
}

export function toHistory([at, event, detail]: SqliteRow): HistoryEntry {
  return {
    at: new Date(at as number),
    event: event as HistoryEntry["event"],
    detail: (detail as string | null) ?? undefined,
  };
}

export function toLogLine([at, line]: SqliteRow): LogLine {
  return { at: new Date(at as number), line: line as string };
}

function toDate(ms: unknown): Date | undefined {
  return ms === null ? undefined : new Date(ms as number);
}

function toOptional<T>(value: T | null): T | undefined {
  return value ?? undefined;
}
