import { type DocumentStore, MAX_DOCUMENT_BYTES, type StoredDocument } from "../../broker/store.ts";
import { GangerError } from "../../errors.ts";

export class MemoryStore implements DocumentStore {
  readonly #documents = new Map<string, StoredDocument>();
  /** One counter for all, so that a document made anew never has a version that it had before. */
  #version = 0;

  async get(key: string): Promise<StoredDocument | undefined> {
    return this.#documents.get(key);
  }

  async set(key: string, value: string, expected?: number): Promise<number | false> {
    assertSize(key, value);
    if (expected !== undefined && expected !== this.#versionOf(key)) return false;
    const version = ++this.#version;
    this.#documents.set(key, Object.freeze({ key, value, version }));
    return version;
  }

  async delete(key: string, expected?: number): Promise<boolean> {
    if (expected !== undefined && expected !== this.#versionOf(key)) return false;
    return this.#documents.delete(key);
  }

  async list(prefix: string): Promise<readonly StoredDocument[]> {
    const found = [...this.#documents.values()].filter(({ key }) => key.startsWith(prefix));
    return found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  }

  /** 0 for a document that is not there. */
  #versionOf(key: string): number {
    return this.#documents.get(key)?.version ?? 0;
  }
}

function assertSize(key: string, value: string): void {
  const bytes = Buffer.byteLength(value);
  if (bytes <= MAX_DOCUMENT_BYTES) return;
  throw new GangerError("GANGER_OPTION_INVALID", `The document "${key}" has ${bytes} bytes`, {
    hint: `Keep it to ${MAX_DOCUMENT_BYTES}.`,
  });
}
