import type { ChannelModel, Message } from "amqplib";
import type { Duplex } from "node:stream";

/** What the driver and the wire are believed to give. The only file that believes. */

/** The socket of a connection; the driver has no other way to give one up that does not answer. */
export function socketOf(model: ChannelModel): Duplex {
  return (model.connection as unknown as { readonly stream: Duplex }).stream;
}

export function versionOf(model: ChannelModel): { readonly product: string; readonly version: string } {
  const { product, version } = model.connection.serverProperties as unknown as Record<string, unknown>;
  return { product: String(product), version: String(version) };
}

/** Headers of a message, of which anybody may have written anything. */
export function headersOf({ properties }: Message): Readonly<Record<string, unknown>> {
  return (properties.headers as Record<string, unknown> | undefined) ?? {};
}

export function codeOf(error: unknown): string | number | undefined {
  return (error as { readonly code?: string | number } | undefined)?.code;
}

export function fromJson<T>(bytes: Buffer | string): T | undefined {
  try {
    return JSON.parse(bytes.toString()) as T;
  } catch {
    return undefined;
  }
}

/** What the other thread answers is what its method returns. */
export function fromThread<T>(value: unknown): T {
  return value as T;
}
