/** The properties that ganger's messages have. */
export interface Properties {
  readonly persistent?: boolean;
  readonly messageId?: string;
  /** In milliseconds. */
  readonly timestamp?: number;
  readonly type?: string;
  /** After how many milliseconds the message goes. */
  readonly expiration?: number;
  readonly headers?: Readonly<Record<string, string | number>> | undefined;
}

/** A message on its way to the server. */
export interface Letter {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  /** With a `messageId` it must reach a queue, or its publication fails. */
  readonly options: Properties;
}

/**
 * The frames of a whole batch of publications, as one piece of memory: the driver makes five of each message
 * and writes it by itself, which cost more than everything else that is done for a job.
 */
export function toFrames(letters: readonly Letter[], channel: number, frameMax: number): Buffer {
  const tables = letters.map(({ options }) => toTable(options.headers));
  let size = 0;
  for (const [place, letter] of letters.entries()) size += boundOf(letter, tables[place], frameMax);
  const frames = new Frames(Buffer.allocUnsafe(size), channel);
  for (const [place, letter] of letters.entries())
    frames.write(letter, tables[place], frameMax - FRAME_BYTES);
  return frames.done();
}

class Frames {
  readonly #bytes: Buffer;
  readonly #channel: number;
  #at = 0;
  #start = 0;

  constructor(bytes: Buffer, channel: number) {
    this.#bytes = bytes;
    this.#channel = channel;
  }

  done(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  write(
    { exchange, routingKey, content, options }: Letter,
    table: Buffer | undefined,
    maxBody: number,
  ): void {
    this.#begin(METHOD);
    this.#at = this.#bytes.writeUInt32BE(BASIC_PUBLISH, this.#at);
    this.#at = this.#bytes.writeUInt16BE(0, this.#at);
    this.#short(exchange);
    this.#short(routingKey);
    this.#bytes[this.#at++] = options.messageId === undefined ? 0 : MANDATORY;
    this.#end();
    this.#begin(HEADER);
    this.#at = this.#bytes.writeUInt32BE(BASIC << 16, this.#at);
    this.#at = this.#bytes.writeUInt32BE(0, this.#at);
    this.#at = this.#bytes.writeUInt32BE(content.length, this.#at);
    this.#properties(options, table);
    this.#end();
    for (let from = 0; from < content.length; from += maxBody) {
      this.#begin(BODY);
      this.#at += content.copy(this.#bytes, this.#at, from, Math.min(from + maxBody, content.length));
      this.#end();
    }
  }

  /** In the order of their bits, the highest first. */
  #properties({ persistent, expiration, messageId, timestamp, type }: Properties, table?: Buffer): void {
    const flagsAt = this.#at;
    this.#at += 2;
    let flags = 0;
    if (table !== undefined) {
      flags |= 1 << 13;
      this.#at += table.copy(this.#bytes, this.#at);
    }
    if (persistent === true) {
      flags |= 1 << 12;
      this.#bytes[this.#at++] = 2;
    }
    if (expiration !== undefined) {
      flags |= 1 << 8;
      this.#short(String(expiration));
    }
    if (messageId !== undefined) {
      flags |= 1 << 7;
      this.#short(messageId);
    }
    if (timestamp !== undefined) {
      flags |= 1 << 6;
      this.#at = this.#bytes.writeBigInt64BE(BigInt(timestamp), this.#at);
    }
    if (type !== undefined) {
      flags |= 1 << 5;
      this.#short(type);
    }
    this.#bytes.writeUInt16BE(flags, flagsAt);
  }

  #begin(kind: number): void {
    this.#start = this.#at;
    this.#bytes[this.#at] = kind;
    this.#bytes.writeUInt16BE(this.#channel, this.#at + 1);
    this.#at += HEAD_BYTES;
  }

  #end(): void {
    this.#bytes.writeUInt32BE(this.#at - this.#start - HEAD_BYTES, this.#start + 3);
    this.#bytes[this.#at++] = FRAME_END;
  }

  #short(text: string): void {
    const length = this.#bytes.write(text, this.#at + 1);
    // The names of queues and jobs are bounded; a route of many hops to a queue with a long name is not.
    if (length > MAX_SHORT)
      throw new RangeError(`"${text}" is longer than the ${MAX_SHORT} bytes that AMQP allows`);
    this.#bytes[this.#at] = length;
    this.#at += length + 1;
  }
}

/** As many bytes as a letter takes at most. */
function boundOf(
  { exchange, routingKey, content, options }: Letter,
  table: Buffer | undefined,
  frameMax: number,
): number {
  const { messageId = "", type = "" } = options;
  const characters = exchange.length + routingKey.length + messageId.length + type.length;
  const bodies = Math.ceil(content.length / (frameMax - FRAME_BYTES)) * FRAME_BYTES;
  return FIXED_BYTES + characters * MAX_CHARACTER_BYTES + (table?.length ?? 0) + content.length + bodies;
}

function toTable(headers: Properties["headers"]): Buffer | undefined {
  if (headers === undefined) return undefined;
  const fields = Object.entries(headers).map(([name, value]) => {
    const key = Buffer.from(name);
    return Buffer.concat([Buffer.from([key.length]), key, toField(value)]);
  });
  const size = Buffer.alloc(4);
  const table = Buffer.concat([size, ...fields]);
  table.writeUInt32BE(table.length - size.length);
  return table;
}

function toField(value: string | number): Buffer {
  if (typeof value === "number") {
    const field = Buffer.alloc(9, "l");
    field.writeBigInt64BE(BigInt(value), 1);
    return field;
  }
  const text = Buffer.from(value);
  const head = Buffer.alloc(5, "S");
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, text]);
}

const [METHOD, HEADER, BODY] = [1, 2, 3] as const;
const BASIC = 60;
const BASIC_PUBLISH = (BASIC << 16) | 40;
const MANDATORY = 1;
const FRAME_END = 0xce;
const HEAD_BYTES = 7;
const FRAME_BYTES = HEAD_BYTES + 1;
/** Everything of a letter that is of the same size in each, with room for numbers. */
const FIXED_BYTES = 96;
const MAX_CHARACTER_BYTES = 3;
const MAX_SHORT = 255;
