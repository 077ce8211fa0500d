import { type DocumentStore, MAX_DOCUMENT_BYTES, type StoredDocument } from "../../broker/store.ts";
import { GangerError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import { toNumber, toText, toTexts } from "./rows.ts";

export class RedisStore implements DocumentStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async get(key: string): Promise<StoredDocument | undefined> {
    const found = await this.#connection.call("HGET", "documents", key);
    return found === null ? undefined : toDocument(key, toText(found));
  }

  async set(key: string, value: string, expected?: number): Promise<number | false> {
    assertSize(key, value);
    const version = toNumber(await this.#connection.run("document", [key, expected ?? "", value]));
    return version > 0 && version;
  }

  async delete(key: string, expected?: number): Promise<boolean> {
    return toNumber(await this.#connection.run("document", [key, expected ?? ""])) === 0;
  }

  async list(prefix: string): Promise<readonly StoredDocument[]> {
    const end = prefix === "" ? "+" : `(${prefix}\u{10FFFF}`;
    const from = prefix === "" ? "-" : `[${prefix}`;
    const keys = toTexts(await this.#connection.call("ZRANGEBYLEX", "keys", from, end));
    if (keys.length === 0) return [];
    const found = toTexts(await this.#connection.call("HMGET", "documents", ...keys));
    return keys.flatMap((key, n) => {
      const text = found[n];
      // One may have been deleted between the two looks.
      return typeof text === "string" ? [toDocument(key, text)] : [];
    });
  }
}

function assertSize(key: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= MAX_DOCUMENT_BYTES) return;
  throw new GangerError("GANGER_OPTION_INVALID", `The document "${key}" has ${bytes} bytes`, {
    hint: `Keep it to ${MAX_DOCUMENT_BYTES}.`,
  });
}

function toDocument(key: string, text: string): StoredDocument {
  const blank = text.indexOf(" ");
  return { key, value: text.slice(blank + 1), version: Number(text.slice(0, blank)) };
}
