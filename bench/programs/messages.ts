/** What the programs of a measurement and the one that started them say to each other. */
export type Order =
  | { readonly type: "start" }
  | { readonly type: "report" }
  /** Take nothing new, finish what runs, and report. */
  | { readonly type: "stop" }
  | { readonly type: "feed"; readonly count: number };

export type Word =
  | { readonly type: "ready" }
  /** A producer is done. */
  | { readonly type: "produced"; readonly ms: number }
  /** A consumer began a job that says when it was handed over. */
  | { readonly type: "picked-up"; readonly latencyMs: number }
  /** How many jobs a consumer has run, or a feeder has added; and the sum of their `order`, which tells of one that ran twice in place of another. */
  | { readonly type: "count"; readonly count: number; readonly orders?: number };

export function tellParent(word: Word): void {
  process.send?.(word);
}

/** Calls `obey` with each order; the program ends with its parent. */
export function listenToParent(obey: (order: Order) => void): void {
  process.on("message", (order: Order) => obey(order));
  process.on("disconnect", () => process.exit());
}
