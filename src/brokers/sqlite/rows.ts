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
  const options = row[9] as string | null;
  return {
    id: String(row[0]),
    token,
    queue,
    name: row[2] as string,
    payload: row[3] as string,
    priority: row[4] as number,
    attempts: row[5] as number,
    interruptions: row[6] as number,
    crashes: row[7] as number,
    enqueuedAtMs: row[8] as number,
    options: options ?? undefined,
  };
}

/** A row of `records`. */
export function toRecord(row: SqliteRow): JobRecord {
  const [id, queue, name, payload, priority, attempts, interruptions, crashes, maxCrashes] = row as [
    number,
    string,
    string,
    string,
    number,
    number,
    number,
    number,
    number,
  ];
  const [options, tags, error, enqueuedAt, runAt, state, holder, claimedAt] = row.slice(9) as [
    string | null,
    string | null,
    string | null,
    number,
    number | null,
    JobState,
    string | null,
    number | null,
  ];
  const [progress, finishedAt, expiresAt, result] = row.slice(17) as [
    number | null,
    number | null,
    number | null,
    string | null,
  ];
  return {
    id: String(id),
    queue,
    name,
    state: isJobState(state) ? state : "failed",
    payload,
    priority,
    attempts,
    interruptions,
    crashes,
    maxCrashes,
    tags: tags === null ? [] : (JSON.parse(tags) as string[]),
    options: options ?? undefined,
    enqueuedAt: new Date(enqueuedAt),
    runAt: state === "scheduled" ? toDate(runAt) : undefined,
    holder: holder ?? undefined,
    claimedAt: toDate(claimedAt),
    progress: progress ?? undefined,
    finishedAt: toDate(finishedAt),
    expiresAt: toDate(expiresAt),
    result: result ?? undefined,
    error: error === null ? undefined : (JSON.parse(error) as JobError),
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

function toDate(ms: number | null): Date | undefined {
  return ms === null ? undefined : new Date(ms);
}
