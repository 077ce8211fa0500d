import type { Message } from "amqplib";
import type { Claim } from "../../broker/claim.ts";
import { DEFAULT_MAX_CRASHES } from "../../job/job.ts";
import type { Letter } from "./frames.ts";
import { type LaneName, RETURNED } from "./lane.ts";
import { headersOf } from "./rows.ts";

/** A job as it travels: in the body its payload, in properties and headers the rest. */
export interface Parcel {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly payload: Buffer;
  readonly priority: number;
  readonly attempts: number;
  readonly interruptions: number;
  readonly crashes: number;
  /** More crashes, of which only returns tell: whose process lives may still excuse them. With those that were excused by then. */
  readonly suspected: number;
  /** Which of its messages came back so often, by their generation. */
  readonly suspectedIn: number;
  /** How many of its messages before this one came back. */
  readonly generation: number;
  /** Whether it goes on among those that came back. */
  readonly isApart: boolean;
  readonly maxCrashes: number;
  readonly enqueuedAtMs: number;
  /** Of the last claim that is known. */
  readonly token: number;
  readonly options: string | undefined;
  /** JSON text. */
  readonly tags: string | undefined;
  /** What of a very long delay is left once this message arrives. */
  readonly restMs: number;
}

/** A job that nothing has happened to yet. */
export const UNTRIED = {
  attempts: 0,
  interruptions: 0,
  crashes: 0,
  suspected: 0,
  suspectedIn: 0,
  generation: 0,
  isApart: false,
  token: 0,
  restMs: 0,
} as const satisfies Partial<Parcel>;

/** Its queue and priority are those of its lane, and what has its usual value is left out: each byte is written and read with every job. */
export function toLetter(parcel: Parcel, target: Pick<Letter, "exchange" | "routingKey">): Letter {
  const { id, name, enqueuedAtMs, payload } = parcel;
  const headers = toHeaders(parcel);
  const options = { persistent: true, messageId: id, type: name, timestamp: enqueuedAtMs, headers };
  return { ...target, content: payload, options };
}

/** Where it belongs. */
export function laneOf({ queue, priority, isApart }: Parcel): LaneName {
  return { queue, rank: isApart ? RETURNED : priority };
}

/** The server decodes the table of headers with every message: most have none. */
function toHeaders(parcel: Parcel): Headers | undefined {
  let headers: Headers | undefined;
  for (const [key, field, usual] of NUMBERS) {
    const value = parcel[field];
    if (value !== usual) (headers ??= {})[key] = value;
  }
  // Else the lane tells.
  if (parcel.isApart && parcel.priority !== 0) (headers ??= {})["p"] = parcel.priority;
  if (parcel.options !== undefined) (headers ??= {})["o"] = parcel.options;
  if (parcel.tags !== undefined) (headers ??= {})["tags"] = parcel.tags;
  return headers;
}

type Headers = Record<string, string | number>;

const NUMBERS = [
  ["a", "attempts", 0],
  ["i", "interruptions", 0],
  ["c", "crashes", 0],
  ["s", "suspected", 0],
  ["sg", "suspectedIn", 0],
  ["g", "generation", 0],
  ["m", "maxCrashes", DEFAULT_MAX_CRASHES],
  ["k", "token", 0],
  ["r", "restMs", 0],
] as const;

/** A message that is none of ours has no parcel. */
export function toParcel(message: Message, { queue, rank }: LaneName): Parcel | undefined {
  const { messageId, type } = message.properties;
  const headers = headersOf(message);
  const enqueuedAtMs = timeOf(message, headers);
  if (typeof messageId !== "string" || typeof type !== "string" || enqueuedAtMs === undefined)
    return undefined;
  const { o: options, tags, p } = headers;
  return {
    id: messageId,
    queue,
    name: type,
    payload: message.content,
    priority: rank === RETURNED ? (typeof p === "number" ? p : 0) : rank,
    attempts: numberIn(headers, "a", 0),
    interruptions: numberIn(headers, "i", 0),
    crashes: numberIn(headers, "c", 0),
    suspected: numberIn(headers, "s", 0),
    suspectedIn: numberIn(headers, "sg", 0),
    generation: numberIn(headers, "g", 0),
    isApart: rank === RETURNED,
    maxCrashes: numberIn(headers, "m", DEFAULT_MAX_CRASHES),
    enqueuedAtMs,
    token: numberIn(headers, "k", 0),
    restMs: numberIn(headers, "r", 0),
    options: typeof options === "string" ? options : undefined,
    tags: typeof tags === "string" ? tags : undefined,
  };
}

/** Versions before had the time in a header; a server that is told to note when messages come does so in seconds. */
function timeOf({ properties }: Message, { t }: Readonly<Record<string, unknown>>): number | undefined {
  const time: unknown = properties.timestamp ?? t;
  if (typeof time !== "number" || !Number.isSafeInteger(time)) return undefined;
  return time < MAX_SECONDS ? time * 1000 : time;
}

/** As milliseconds it is a day of 1973, as seconds one of the year 5138. */
const MAX_SECONDS = 1e11;

function numberIn(headers: Readonly<Record<string, unknown>>, key: string, usual: number): number {
  const value = headers[key];
  return typeof value === "number" && Number.isSafeInteger(value) ? value : usual;
}

/** How those who hold a message name it when they say that they live: each of a job's messages has returns of its own. */
export function excuseOf(message: Message): string {
  return toExcuse(String(message.properties.messageId), numberIn(headersOf(message), "g", 0));
}

export function toExcuse(id: string, generation: number): string {
  return generation === 0 ? id : `${id}#${generation}`;
}

/** How often the server gave this message out before and got it back from a connection that was lost. */
export function returnsOf(message: Message): number {
  const count = headersOf(message)["x-delivery-count"];
  if (typeof count === "number") return count;
  return message.fields.redelivered ? 1 : 0;
}

export function toClaim(parcel: Parcel, token: number): Claim {
  const { id, queue, name, payload, priority, attempts, interruptions, crashes, enqueuedAtMs, options } =
    parcel;
  return {
    id,
    token,
    queue,
    name,
    payload: payload.toString(),
    priority,
    attempts,
    interruptions,
    crashes,
    enqueuedAtMs,
    options,
  };
}
