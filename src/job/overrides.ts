import type { Backoff } from "./backoff.ts";

/** What one job has otherwise than its definition; kept with it as JSON. All times are milliseconds. */
export interface JobOverrides {
  readonly attempts?: number;
  readonly backoff?: Backoff;
  readonly timeoutMs?: number;
  readonly keep?: Keep;
}

/** How long a finished job stays to be looked at; 0 deletes it at once. */
export interface Keep {
  readonly completedMs?: number;
  readonly failedMs?: number;
}
