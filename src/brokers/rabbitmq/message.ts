import type { Message } from "amqplib";
import type { Claim } from "../../broker/claim.ts";
import { DEFAULT_MAX_CRASHES, type JobError } from "../../job/job.ts";
import type { Letter } from "./publisher.ts";
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

/** Headers are short, and left out where they have their usual value: each is written and read with every job. */
export function toLetter(parcel: Parcel, target: Pick<Letter, "exchange" | "routingKey">): Letter {
  return { ...target, content: parcel.payload, options: toOptions(parcel) };
}

function toOptions(parcel: Parcel): Letter["options"] {
  const headers: Record<string, string | number> = { q: parcel.queue, t: parcel.enqueuedAtMs };
  for (const [key, field, usual] of NUMBERS) {
    const value = parcel[field];
    if (value !== usual) headers[key] = value;
  }
  if (parcel.options !== undefined) headers["o"] = parcel.options;
  if (parcel.tags !== undefined) headers["tags"] = parcel.tags;
  return { persistent: true, messageId: parcel.id, type: parcel.name, headers };
}

const NUMBERS = [
  ["p", "priority", 0],
  ["a", "attempts", 0],
  ["i", "interruptions", 0],
  ["c", "crashes", 0],
  ["m", "maxCrashes", DEFAULT_MAX_CRASHES],
  ["k", "token", 0],
  ["r", "restMs", 0],
] as const;

/** A message that is none of ours has no parcel. */
export function toParcel(message: Message): Parcel | undefined {
  const { messageId, type } = message.properties;
  const headers = headersOf(message);
  const { q: queue, o: options, tags } = headers;
  if (typeof messageId !== "string" || typeof type !== "string" || typeof queue !== "string")
    return undefined;
  const number = (key: string, usual: number): number => {
    const value = headers[key];
    return typeof value === "number" && Number.isSafeInteger(value) ? value : usual;
  };
  return {
    id: messageId,
    queue,
    name: type,
    payload: message.content,
    priority: number("p", 0),
    attempts: number("a", 0),
    interruptions: number("i", 0),
    crashes: number("c", 0),
    maxCrashes: number("m", DEFAULT_MAX_CRASHES),
    enqueuedAtMs: number("t", 0),
    token: number("k", 0),
    restMs: number("r", 0),
    options: typeof options === "string" ? options : undefined,
    tags: typeof tags === "string" ? tags : undefined,
  };
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

/** What is kept of a job that failed: the job, and why. */
export function toObituary(parcel: Parcel, queue: string, error: JobError, keepMs: number): Letter {
  const letter = toLetter(parcel, { exchange: "", routingKey: queue });
  const { name, message, code, stack } = error;
  const text = JSON.stringify({
    name: name.slice(0, MAX_TEXT),
    message: message.slice(0, MAX_TEXT),
    code: code?.slice(0, MAX_TEXT),
    stack: stack?.slice(0, MAX_TEXT),
  });
  const headers: unknown = letter.options.headers;
  return {
    ...letter,
    options: {
      ...letter.options,
      expiration: Math.min(Math.max(1, keepMs), MAX_TTL_MS),
      headers: Object.assign({ error: text }, headers),
    },
  };
}

const MAX_TEXT = 4000;
/** The server's times to live are 32 bits wide. */
const MAX_TTL_MS = 4_294_967_295;
