/**
 * Tells that there may be something new: a job that can be claimed, one that is scheduled, or one that was cancelled
 * while it ran. With the name of a queue it says that this queue has jobs that can be claimed, and nothing else.
 */
export type Wake = (queue?: string) => void;

/** Wakes idle workers early. Without it they poll. */
export interface Wakeups {
  /**
   * Calls `wake` soon after there may be something new. It may call too often, and once is enough for many
   * changes; it must not stay silent. `wake` never throws.
   */
  subscribe(wake: Wake): Promise<AsyncDisposable>;
}
