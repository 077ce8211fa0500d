/** What a claimer process is told, as one line of JSON on its standard input. */
export type ClaimerOrder =
  /** Claims and completes until nothing is left; answers with one line of all ids. */
  | { readonly kind: "drain"; readonly queue: string; readonly holder: string; readonly limit: number }
  /** Claims once and keeps what it got, alive for `ttlMs`; answers with one line of ids. */
  | {
      readonly kind: "hold";
      readonly queue: string;
      readonly holder: string;
      readonly limit: number;
      readonly ttlMs: number;
    }
  /** Enqueues batches until it has done `batches`; answers with a line of ids for each that the broker took. */
  | { readonly kind: "enqueue"; readonly queue: string; readonly batch: number; readonly batches: number };

/** The line as it is written: where to open the broker, and what to do there. */
export interface ClaimerCommand {
  readonly url: string;
  readonly order: ClaimerOrder;
}
