/** A statement and what belongs into the places of its question marks. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

/** A list becomes `1, 2, 3`; a list of lists becomes rows, `(1, 2), (3, 4)`. */
export type SqlValue = number | string | null | Raw | readonly SqlValue[];

/** An expression of the server's, taken as it is. */
export interface Raw {
  readonly raw: string;
}

export type Quote = (text: string) => string;

/** The text of a statement. No statement of ours has a question mark of its own. */
export function format({ sql, values }: Statement, quote: Quote): string {
  if (values.length === 0) return sql;
  const parts = partsOf(sql);
  let text = parts[0] ?? "";
  for (const [place, value] of values.entries()) text += toSql(value, quote) + (parts[place + 1] ?? "");
  return text;
}

/**
 * Quotes for a connection whose modes are not ours to know: whether a backslash escapes is a setting.
 * Twice as long as what it says.
 */
export function quoteAsHex(text: string): string {
  return `_utf8mb4 x'${Buffer.from(text).toString("hex")}'`;
}

/** What goes into one statement at most: the server reads each as a whole, and some turn long lists into tables. */
const MAX_ROWS = 500;
const MAX_LENGTH = 1_000_000;

/** Cuts rows into parts that are each fit for one statement. */
export function toChunks<T extends SqlValue>(rows: readonly T[]): readonly (readonly T[])[] {
  if (rows.length === 0) return [];
  const chunks: T[][] = [];
  let chunk: T[] = [];
  let length = 0;
  for (const row of rows) {
    const size = lengthOf(row);
    if (chunk.length >= MAX_ROWS || (chunk.length > 0 && length + size > MAX_LENGTH)) {
      chunks.push(chunk);
      chunk = [];
      length = 0;
    }
    chunk.push(row);
    length += size;
  }
  chunks.push(chunk);
  return chunks;
}

function lengthOf(value: SqlValue): number {
  if (typeof value === "string") return value.length;
  if (!isList(value)) return 8;
  let length = 0;
  for (const each of value) length += lengthOf(each);
  return length;
}

/** More runs than this are no shorter than the list. */
const MAX_RUNS = 40;

/**
 * Conditions that name ids, each for one statement. What was enqueued together is mostly claimed and settled
 * together: its ids are a few runs, which take a tenth of what a list of them costs the server.
 */
export function toConditions(column: string, ids: readonly number[]): readonly Raw[] {
  const sorted = ids.toSorted((a, b) => a - b);
  const runs: [first: number, last: number][] = [];
  for (const id of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && id - run[1] <= 1) run[1] = id;
    else runs.push([id, id]);
    if (runs.length > MAX_RUNS) return toLists(column, sorted);
  }
  if (runs.length === 0) return [];
  const parts = runs.map(([first, last]) =>
    first === last ? `${column} = ${first}` : `${column} between ${first} and ${last}`,
  );
  return [{ raw: `(${parts.join(" or ")})` }];
}

function toLists(column: string, ids: readonly number[]): readonly Raw[] {
  return toChunks(ids).map((chunk) => ({ raw: `${column} in (${chunk.join(", ")})` }));
}

const known = new Map<string, readonly string[]>();

function partsOf(sql: string): readonly string[] {
  const found = known.get(sql);
  if (found !== undefined) return found;
  const parts = sql.split("?");
  known.set(sql, parts);
  return parts;
}

function toSql(value: SqlValue, quote: Quote): string {
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return quote(value);
  if (value === null) return "null";
  if (!isList(value)) return value.raw;
  return value.map((each) => (isList(each) ? `(${toSql(each, quote)})` : toSql(each, quote))).join(", ");
}

function isList(value: SqlValue): value is readonly SqlValue[] {
  return Array.isArray(value);
}
