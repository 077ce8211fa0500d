import type { Claim } from "../../broker/claim.ts";
import { toPoison } from "../../broker/poison.ts";
import {
  DEFAULT_MAX_CRASHES,
  type HistoryEntry,
  type JobDetails,
  type JobError,
  type JobRecord,
  type LogLine,
} from "../../job/job.ts";
import type { JobState } from "../../job/states.ts";

/** The one place where this broker believes what an answer or a library is. */

export function toText(value: unknown): string {
  return value as string;
}

export function toNumber(value: unknown): number {
  return Number(value);
}

export function toList(value: unknown): readonly unknown[] {
  return value as readonly unknown[];
}

export function toTexts(value: unknown): readonly string[] {
  return value as readonly string[];
}

export function codeOf(error: unknown): string | undefined {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  if (typeof code === "string") return code;
  return name === "ParserError" ? "ParserError" : undefined;
}

/** What is not in the first line of an item, as JSON: options and tags; empty when there are neither. */
export function toExtra(options: string | undefined, tags: readonly string[]): string {
  if (options === undefined && tags.length === 0) return "";
  return JSON.stringify(tags.length === 0 ? [options] : [options ?? null, tags]);
}

interface Extra {
  readonly options: string | undefined;
  readonly tags: readonly string[];
}

function fromExtra(text: string): Extra {
  if (text === "") return { options: undefined, tags: [] };
  const [options, tags = []] = JSON.parse(text) as [string | null, (readonly string[])?];
  return { options: options ?? undefined, tags };
}

interface Item extends Extra {
  readonly id: string;
  readonly enqueuedAtMs: number;
  readonly name: string;
  readonly payload: string;
  readonly priority: number;
  readonly maxCrashes: number;
  readonly attempts: number;
  readonly interruptions: number;
  readonly crashes: number;
}

/** Reads an item, as lua/moves.lua describes it, that starts at `from`. */
function toItem(text: string, from = 0): Item {
  const idEnd = text.indexOf(" ", from);
  const headEnd = text.indexOf("\n", idEnd);
  const timeEnd = text.indexOf(" ", idEnd + 1);
  const extraEnd = text.indexOf("\n", headEnd + 1);
  const blank = text.indexOf(" ", timeEnd + 1);
  const nameEnd = blank < 0 || blank > headEnd ? headEnd : blank;
  const [priority = 0, maxCrashes = DEFAULT_MAX_CRASHES, attempts = 0, interruptions = 0, crashes = 0] =
    nameEnd === headEnd ? NOTHING_RARE : toRare(text.slice(nameEnd + 1, headEnd));
  const { options, tags } =
    extraEnd === headEnd + 1 ? NO_EXTRA : fromExtra(text.slice(headEnd + 1, extraEnd));
  return {
    id: text.slice(from, idEnd),
    enqueuedAtMs: Number(text.slice(idEnd + 1, timeEnd)),
    name: text.slice(timeEnd + 1, nameEnd),
    payload: text.slice(extraEnd + 1),
    priority,
    maxCrashes,
    attempts,
    interruptions,
    crashes,
    options,
    tags,
  };
}

const NOTHING_RARE: readonly (number | undefined)[] = [];
const NO_EXTRA: Extra = { options: undefined, tags: [] };

function toRare(text: string): readonly (number | undefined)[] {
  return text.split(" ").map((part) => (part === "-" ? undefined : Number(part)));
}

export function toClaim(item: unknown, queue: string, token: number): Claim {
  const { id, name, payload, priority, attempts, interruptions, crashes, enqueuedAtMs, options } = toItem(
    item as string,
  );
  return {
    id,
    token,
    queue,
    name,
    payload,
    priority,
    attempts,
    interruptions,
    crashes,
    enqueuedAtMs,
    options,
  };
}

const STATES: Readonly<Record<string, JobState>> = {
  l: "waiting",
  w: "waiting",
  s: "scheduled",
  r: "running",
  c: "completed",
  f: "failed",
  x: "cancelled",
};

/** One answer of the script `find`; `undefined` for a job that is not there. */
export function toDetails(answer: unknown): JobDetails | undefined {
  const [queue, letter, record, due, error, progress, tags, history, logs] = answer as readonly string[];
  if (queue === undefined || letter === undefined || record === undefined) return undefined;
  const head = letter === "l" ? "" : record.slice(0, record.indexOf("\n"));
  const rest = toRest(letter, record, head);
  const item = toItem(record, rest.from);
  const state = STATES[letter] ?? "failed";
  return {
    id: item.id,
    queue,
    name: item.name,
    state,
    payload: item.payload,
    priority: item.priority,
    attempts: item.attempts,
    interruptions: item.interruptions,
    crashes: item.crashes,
    maxCrashes: item.maxCrashes,
    options: item.options,
    tags: tags ? (JSON.parse(tags) as readonly string[]) : item.tags,
    error: error ? toError(error) : undefined,
    enqueuedAt: new Date(item.enqueuedAtMs),
    runAt: due ? new Date(Number(due)) : undefined,
    holder: rest.holder,
    claimedAt: rest.claimedAt,
    progress: progress ? Number(progress) : undefined,
    finishedAt: rest.finishedAt,
    expiresAt: rest.expiresAt,
    result: rest.result,
    history: lines(history).map(toHistory),
    logs: lines(logs).map(toLogLine),
  };
}

/** A record for a list, which has no history and no log. */
export function toRecord(details: JobDetails): JobRecord {
  const { history: _history, logs: _logs, ...record } = details;
  return record;
}

interface Rest {
  /** Where the item starts. */
  readonly from: number;
  readonly holder?: string;
  readonly claimedAt?: Date;
  readonly finishedAt?: Date;
  readonly expiresAt?: Date;
  readonly result?: string;
}

/** What the first line of a record says: `token claimedAt holder` of a running one, `letter finishedAt expiresAt[ length of the result]` of a finished one. */
function toRest(letter: string, record: string, head: string): Rest {
  if (letter === "l") return { from: 0 };
  const from = head.length + 1;
  const [first = "", second = "", third = "", length] = head.split(" ");
  if (letter === "r") {
    const holder = head.slice(first.length + second.length + 2);
    return { from, holder, claimedAt: new Date(Number(second)) };
  }
  if (letter === "w" || letter === "s") return { from };
  const finished = { finishedAt: new Date(Number(second)), expiresAt: new Date(Number(third)) };
  if (length === undefined) return { from, ...finished };
  const end = from + Number(length);
  return { from: end, ...finished, result: record.slice(from, end) };
}

/** An error, or of a job that is poison how often it crashed and what is known of the last time. */
function toError(text: string): JobError {
  const value = JSON.parse(text) as JobError | readonly [number, string?];
  return Array.isArray(value)
    ? toPoison(value[0] as number, value[1] as string | undefined)
    : (value as JobError);
}

function lines(text: string | undefined): readonly string[] {
  return text ? text.slice(0, -1).split("\n") : [];
}

function toHistory(line: string): HistoryEntry {
  const [at = "", event = ""] = line.split(" ", 2);
  const detail = line.slice(at.length + event.length + 2);
  return {
    at: new Date(Number(at)),
    event: event as HistoryEntry["event"],
    detail: detail === "" ? undefined : (JSON.parse(detail) as string),
  };
}

function toLogLine(line: string): LogLine {
  const blank = line.indexOf(" ");
  return { at: new Date(Number(line.slice(0, blank))), line: JSON.parse(line.slice(blank + 1)) as string };
}
