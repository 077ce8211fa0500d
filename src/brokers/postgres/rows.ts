import type { Claim } from "../../broker/claim.ts";
import { recordOf } from "../../broker/sql-rows.ts";
import type { JobRecord } from "../../job/job.ts";
import { JOB_STATES, type JobState } from "../../job/states.ts";

/** The one place where this broker believes what a row or the library is. */

export type PgRow = readonly unknown[];

export interface PgResult {
  readonly rows: readonly PgRow[];
  readonly rowCount: number | null;
}

export interface PgQuery {
  readonly text: string;
  readonly name?: string | undefined;
  readonly values?: readonly unknown[] | undefined;
  readonly rowMode: "array";
}

/** What is used of the library's client. */
export interface PgClient {
  connect(): Promise<unknown>;
  end(): Promise<void>;
  query(query: PgQuery, answer: (error: Error | null, result: PgResult) => void): unknown;
  on(event: "error", listen: (error: Error) => void): unknown;
  on(event: "end", listen: () => void): unknown;
  on(event: "notification", listen: (message: { readonly payload?: string | undefined }) => void): unknown;
  readonly connection: {
    readonly stream: { destroy(): void; once(event: "data", listen: (bytes: Uint8Array) => void): unknown };
  };
}

export function asClientClass(module: object): new (config: object) => PgClient {
  const { default: pg, Client } = module as { default?: { Client?: unknown }; Client?: unknown };
  return (pg?.Client ?? Client) as new (
    config: object,
  ) => PgClient;
}

const INT8 = 20;
const NUMBERS = new Set([INT8, 21, 23, 26, 700, 701, 1700]);
const BOOL = 16;

/** Numbers as numbers: ids and times are far below 2^53. All else stays text. */
export function parserOf(type: number): (text: string) => unknown {
  if (NUMBERS.has(type)) return Number;
  return type === BOOL ? isTrue : same;
}

const isTrue = (text: string) => text === "t";
const same = (text: string) => text;

export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** An AggregateError of several addresses has no message of its own. */
export function messageOf(error: unknown): string {
  const { message, errors } = (error ?? {}) as { message?: unknown; errors?: unknown };
  if (typeof message === "string" && message !== "") return message;
  return Array.isArray(errors) && errors.length > 0 ? messageOf(errors[0]) : String(error);
}

/** A user's own connection answers large numbers as text. */
export function toNumber(value: unknown): number {
  return typeof value === "number" ? value : Number(value);
}

export function toText(value: unknown): string {
  return value as string;
}

/** The one value of an answer of one row. */
export function single({ rows }: PgResult): unknown {
  return rows[0]?.[0];
}

export function toTextOrNull(value: unknown): string | null {
  return (value ?? null) as string | null;
}

/** A row of `claim`. */
export function toClaim(row: PgRow, queue: string): Claim {
  const rare = row[7] as string | null;
  const [attempts, interruptions, crashes, options] =
    rare === null ? NOTHING_RARE : (JSON.parse(rare) as Rare);
  return {
    id: String(row[0]),
    token: row[6] as number,
    queue,
    name: row[3] as string,
    payload: row[4] as string,
    priority: 0 - (row[2] as number),
    attempts,
    interruptions,
    crashes,
    enqueuedAtMs: row[5] as number,
    options: options ?? undefined,
  };
}

type Rare = readonly [attempts: number, interruptions: number, crashes: number, options: string | null];

const NOTHING_RARE: Rare = [0, 0, 0, null];

/** The states by their numbers in the tables. */
export function toState(value: unknown): JobState {
  return JOB_STATES[value as number] ?? "failed";
}

/** A row of `jobColumns` or `finishedColumns`. */
export function toRecord(row: PgRow): JobRecord {
  return recordOf(row, toState(row[14]));
}

/** What is needed of a user's own connection; libraries over `pg` can be made to look so. */
export interface UserConnection {
  query(text: string, values: unknown[]): Promise<{ readonly rows: readonly object[] }>;
}

export function asUserConnection(connection: object): UserConnection | undefined {
  return "query" in connection && typeof connection.query === "function"
    ? (connection as UserConnection)
    : undefined;
}
