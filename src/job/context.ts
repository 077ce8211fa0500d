/** What a running job knows of itself, and may say. Handed to `perform`. */
export interface JobContext {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly priority: number;
  /** Which run this is, counting only runs that ended in an error: 1 at first. */
  readonly attempt: number;
  /** Runs that may end in an error in all. */
  readonly attempts: number;
  readonly interruptions: number;
  readonly crashes: number;
  readonly enqueuedAt: Date;
  /**
   * Aborted when the job should end early: its time is up, it was cancelled, it
   * lost its claim, its worker must stop, or an operator cut it off. The reason
   * is a `TimeoutError` or an `AbortError`, with a message that says which.
   */
  readonly signal: AbortSignal;
  /** Reports how far the job is, between 0 and 1. Kept at most some times a second. */
  readonly progress: (done: number) => void;
  /** Adds a line to the job's log. The newest 100 lines of 2,000 characters are kept. */
  readonly log: (line: string) => void;
  /**
   * Completes the job inside a transaction of your own: what the job does there and its completion are committed
   * together, or neither is. `transaction` is a connection of the broker's own driver to the broker's own database,
   * on which you have a transaction open; `result` is kept as JSON.
   *
   * Resolves once it is written there. After the commit the job is completed, whatever `perform` does then; after a
   * rollback it ends as `perform` does.
   *
   * @throws `GANGER_CLAIM_LOST` when the job is no longer this run's: let your transaction fail, so that its effect
   * does not happen twice. `GANGER_FACET_MISSING`, `GANGER_TRANSACTION_INVALID`, `GANGER_PAYLOAD_*`.
   */
  readonly completeIn: (transaction: object, result?: unknown) => Promise<void>;
}
