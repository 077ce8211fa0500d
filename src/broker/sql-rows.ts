import type { HistoryEntry, JobError, JobRecord, LogLine } from "../job/job.ts";
import type { JobState } from "../job/states.ts";

/** What the SQL rooms select in one order of columns; here it is believed what such a row is. */
type Row = readonly unknown[];

/** A row of `records`; `state`, its fifteenth column, is a text in one store and a number in another. */
export function recordOf(row: Row, state: JobState): JobRecord {
  return {
    id: String(row[0]),
    queue: row[1] as string,
    name: row[2] as string,
    state,
    payload: row[3] as string,
    priority: (row[4] as number) + 0, // a negated rank may be -0
    attempts: row[5] as number,
    interruptions: row[6] as number,
    crashes: row[7] as number,
    maxCrashes: row[8] as number,
    options: toOptional(row[9] as string | null),
    tags: toTags(row[10]),
    error: row[11] === null ? undefined : (JSON.parse(row[11] as string) as JobError),
    enqueuedAt: new Date(row[12] as number),
    runAt: state === "scheduled" ? toDate(row[13]) : undefined,
    holder: toOptional(row[15] as string | null),
    claimedAt: state === "running" ? toDate(row[16]) : undefined,
    progress: toOptional(row[17] as number | null),
    finishedAt: toDate(row[18]),
    expiresAt: toDate(row[19]),
    result: toOptional(row[20] as string | null),
  };
}

export function toTags(text: unknown): readonly string[] {
  return text === null ? [] : (JSON.parse(text as string) as readonly string[]);
}

export function toHistory([at, event, detail]: Row): HistoryEntry {
  return {
    at: new Date(at as number),
    event: event as HistoryEntry["event"],
    detail: toOptional(detail as string | null),
  };
}

export function toLogLine([at, line]: Row): LogLine {
  return { at: new Date(at as number), line: line as string };
}

function toDate(ms: unknown): Date | undefined {
  return ms === null ? undefined : new Date(ms as number);
}

function toOptional<T>(value: T | null): T | undefined {
  return value ?? undefined;
}
