import { type DocumentStore, MAX_DOCUMENT_BYTES, type StoredDocument } from "../../broker/store.ts";
import { GangerError } from "../../errors.ts";
import type { Run } from "./lanes.ts";
import { type PgRow, single, toNumber, toText } from "./rows.ts";

export class PostgresStore implements DocumentStore {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  async get(key: string): Promise<StoredDocument | undefined> {
    const { rows } = await this.#run("getDocument", [key]);
    return rows[0] === undefined ? undefined : toDocument(rows[0]);
  }

  async set(key: string, value: string, expected?: number): Promise<number | false> {
    assertSize(key, value);
    const version = single(await this.#write(key, value, expected));
    return version === undefined ? false : toNumber(version);
  }

  async delete(key: string, expected?: number): Promise<boolean> {
    const { rows } = await this.#run("deleteDocument", [key, expected ?? null]);
    return rows.length > 0;
  }

  async list(prefix: string): Promise<readonly StoredDocument[]> {
    const { rows } = await this.#run("listDocuments", [prefix]);
    return rows.map(toDocument);
  }

  #write(key: string, value: string, expected: number | undefined) {
    if (expected === undefined) return this.#run("putDocument", [key, value]);
    if (expected === 0) return this.#run("addDocument", [key, value]);
    return this.#run("replaceDocument", [key, value, expected]);
  }
}

function assertSize(key: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= MAX_DOCUMENT_BYTES) return;
  throw new GangerError("GANGER_OPTION_INVALID", `The document "${key}" has ${bytes} bytes`, {
    hint: `Keep it to ${MAX_DOCUMENT_BYTES}.`,
  });
}

function toDocument([key, value, version]: PgRow): StoredDocument {
  return { key: toText(key), value: toText(value), version: toNumber(version) };
}
