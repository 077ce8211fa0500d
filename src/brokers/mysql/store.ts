import { type DocumentStore, MAX_DOCUMENT_BYTES, type StoredDocument } from "../../broker/store.ts";
import { GangerError } from "../../errors.ts";
import type { Database } from "./database.ts";
import { type MysqlRow, toNumber, toText } from "./rows.ts";

export class MysqlStore implements DocumentStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async get(key: string): Promise<StoredDocument | undefined> {
    const [row] = await this.#database.rows([this.#database.statement("getDocument", key)]);
    return row === undefined ? undefined : toDocument(row);
  }

  async set(key: string, value: string, expected?: number): Promise<number | false> {
    assertSize(key, value);
    return this.#database.write(async (transaction) => {
      const [counter, found] = await transaction.send([
        this.#database.statement("lockVersion"),
        this.#database.statement("getDocument", key),
      ]);
      const version = toNumber(found?.rows[0]?.[2] ?? 0);
      if (expected !== undefined && expected !== version) return false;
      // From one counter for all, so that a document made anew never has a version that it had before.
      const next = toNumber(counter?.rows[0]?.[0]) + 1;
      await transaction.commit([
        this.#database.statement("setVersion", next),
        this.#database.statement("putDocument", [key, value, next]),
      ]);
      return next;
    });
  }

  async delete(key: string, expected?: number): Promise<boolean> {
    const statement =
      expected === undefined
        ? this.#database.statement("deleteDocument", key)
        : this.#database.statement("deleteVersion", key, expected);
    return this.#database.write(async (transaction) => {
      const [result] = await transaction.commit([statement]);
      return (result?.changes ?? 0) > 0;
    });
  }

  async list(prefix: string): Promise<readonly StoredDocument[]> {
    const bytes = Buffer.byteLength(prefix);
    const rows = await this.#database.rows([
      this.#database.statement("listDocuments", prefix, bytes, prefix),
    ]);
    return rows.map(toDocument);
  }
}

function assertSize(key: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= MAX_DOCUMENT_BYTES) return;
  throw new GangerError("GANGER_OPTION_INVALID", `The document "${key}" has ${bytes} bytes`, {
    hint: `Keep it to ${MAX_DOCUMENT_BYTES}.`,
  });
}

function toDocument([key, value, version]: MysqlRow): StoredDocument {
  return { key: toText(key), value: toText(value), version: toNumber(version) };
}
