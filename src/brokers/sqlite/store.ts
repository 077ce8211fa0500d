import { type DocumentStore, MAX_DOCUMENT_BYTES, type StoredDocument } from "../../broker/store.ts";
import { GangerError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import type { SqliteRow } from "./driver.ts";
import { toNumber, toText } from "./rows.ts";

export class SqliteStore implements DocumentStore {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async get(key: string): Promise<StoredDocument | undefined> {
    const row = this.#connection.read(() => this.#find(key));
    return row === undefined ? undefined : toDocument(row);
  }

  async set(key: string, value: string, expected?: number): Promise<number | false> {
    assertSize(key, value);
    return this.#connection.write(() => {
      const version = this.#version(key);
      if (expected !== undefined && expected !== version) return false;
      // From one counter for all, so that a document made anew never has a version that it had before.
      const next = toNumber(this.#connection.statement("nextVersion").get()?.[0]);
      this.#connection.statement("putDocument").run(key, value, next);
      return next;
    });
  }

  async delete(key: string, expected?: number): Promise<boolean> {
    return this.#connection.write(() => {
      const version = this.#version(key);
      if (version === 0 || (expected !== undefined && expected !== version)) return false;
      this.#connection.statement("deleteDocument").run(key);
      return true;
    });
  }

  async list(prefix: string): Promise<readonly StoredDocument[]> {
    return this.#connection.read(() =>
      this.#connection.statement("listDocuments").all(prefix, prefix, prefix).map(toDocument),
    );
  }

  #find(key: string): SqliteRow | undefined {
    return this.#connection.statement("getDocument").get(key);
  }

  #version(key: string): number {
    return toNumber(this.#find(key)?.[2] ?? 0);
  }
}

function assertSize(key: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= MAX_DOCUMENT_BYTES) return;
  throw new GangerError("GANGER_OPTION_INVALID", `The document "${key}" has ${bytes} bytes`, {
    hint: `Keep it to ${MAX_DOCUMENT_BYTES}.`,
  });
}

function toDocument([key, value, version]: SqliteRow): StoredDocument {
  return { key: toText(key), value: toText(value), version: toNumber(version) };
}
