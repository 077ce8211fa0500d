import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import type { Channel, ChannelModel, Message } from "amqplib";
import type { ClaimSide } from "./claim-side.ts";
import type { Unseen, Word } from "./excuses.ts";
import type { News } from "./news.ts";

/** What the driver and the wire are believed to give. The only file that believes. */

/** The socket of a connection; the driver has no other way to give one up that does not answer. */
export function socketOf(model: ChannelModel): Duplex {
  return (model.connection as unknown as { readonly stream: Duplex }).stream;
}

export function versionOf(model: ChannelModel): { readonly product: string; readonly version: string } {
  const { product, version } = model.connection.serverProperties as unknown as Record<string, unknown>;
  return { product: String(product), version: String(version) };
}

/** A frame of the connection's has so many bytes at most. */
export function frameMaxOf(model: ChannelModel): number {
  return (model.connection as unknown as { readonly frameMax: number }).frameMax;
}

export function numberOf(channel: Channel): number {
  return (channel as unknown as { readonly ch: number }).ch;
}

/** Headers of a message, of which anybody may have written anything. */
export function headersOf({ properties }: Message): Readonly<Record<string, unknown>> {
  return properties.headers ?? {};
}

export function codeOf(error: unknown): string | number | undefined {
  return (error as { readonly code?: string | number } | undefined)?.code;
}

export function fromJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** What the other thread answers to a call is what its method returns. */
export function answerOf<Method extends keyof ClaimSide>(
  _: Method,
  value: unknown,
): Awaited<ReturnType<ClaimSide[Method]>> {
  return value as Awaited<ReturnType<ClaimSide[Method]>>;
}

/** What was said without a name is heard each time. */
function toWord(value: unknown): Word | undefined {
  const { excused, unseen, by } = (value ?? {}) as Partial<Word>;
  if (!Array.isArray(excused)) return undefined;
  const pairs = Array.isArray(unseen) ? unseen.filter(Array.isArray) : [];
  return {
    excused: excused.map(String),
    unseen: pairs.map(([lane, amount]): Unseen => [String(lane), Number(amount)]),
    by: by ?? randomUUID(),
  };
}

export function toNews(value: unknown): News {
  const { areReturned, queues } = (value ?? {}) as Partial<News>;
  return {
    word: toWord(value),
    areReturned,
    queues: Array.isArray(queues) ? queues.map(String) : [undefined],
  };
}

/** Whether the queue counts how often it gave a message out. */
export function hasCount(message: Message): boolean {
  return "x-delivery-count" in headersOf(message);
}
