/**
 * Small consistent documents beside the jobs: hosts, plan, revisions, settings.
 * Each has a version that grows with every change, for compare-and-set.
 */
export interface DocumentStore {
  get(key: string): Promise<StoredDocument | undefined>;

  /**
   * Writes a document and resolves with its new version, or with `false` when
   * its version is not `expected`. `0` expects that there is none yet;
   * without `expected` it is written whatever is there.
   */
  set(key: string, value: string, expected?: number): Promise<number | false>;

  /** Deletes a document. False when it is not there or its version is not `expected`. */
  delete(key: string, expected?: number): Promise<boolean>;

  /** Documents whose key starts with `prefix`, by key in byte order. */
  list(prefix: string): Promise<readonly StoredDocument[]>;
}

export interface StoredDocument {
  readonly key: string;
  /** JSON text, 1 MiB at most. */
  readonly value: string;
  readonly version: number;
}

export const MAX_DOCUMENT_BYTES = 1_048_576;
