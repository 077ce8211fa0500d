import type { PgClient, PgQuery, PgResult } from "./rows.ts";

/** One connection. Calls may follow one another without waiting for answers; each has its own deadline. */
export class Lane {
  readonly #client: PgClient;
  /** Whether further calls may be sent while one is under way. */
  readonly isPipelined: boolean;
  #isOpen = true;
  #pending = 0;
  /** Somebody has it for a transaction: nothing else may come between. */
  isReserved = false;
  /** Called when it may be used again, or never more. */
  onChange: () => void = () => undefined;
  /** Called when it ended, and not because it was closed. */
  onLoss: () => void = () => undefined;

  constructor(client: PgClient) {
    this.#client = client;
    this.isPipelined = "pipeline" in client && client.pipeline === true;
    client.on("end", () => this.#end());
    client.on("error", () => this.#end());
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get pending(): number {
    return this.#pending;
  }

  query(query: PgQuery, timeoutMs: number): Promise<PgResult> {
    return new Promise((resolve, reject) => {
      this.#pending++;
      // A connection on which one answer is missing has no use: those after it would wait as well.
      const timer = setTimeout(() => {
        this.destroy();
        finish(new Error(`timeout expired: no answer within ${timeoutMs} ms`));
      }, timeoutMs);
      let isFinished = false;
      const finish = (error: unknown, result?: PgResult) => {
        if (isFinished) return;
        isFinished = true;
        clearTimeout(timer);
        this.#pending--;
        if (error === null && result !== undefined) resolve(result);
        else reject(error instanceof Error ? error : new Error(String(error)));
        this.onChange();
      };
      this.#client.query(query, finish);
    });
  }

  /** Closes it at once; calls under way are rejected. */
  destroy(): void {
    this.#end();
    this.#client.connection.stream.destroy();
  }

  /** Closes it after what is under way. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // A server that is stopped answers no farewell.
    const timer = setTimeout(() => this.#client.connection.stream.destroy(), FAREWELL_MS);
    await this.#client.end().catch(() => undefined);
    clearTimeout(timer);
  }

  #end(): void {
    if (this.#isOpen) this.onLoss();
    this.#isOpen = false;
    this.onChange();
  }
}

const FAREWELL_MS = 1000;
