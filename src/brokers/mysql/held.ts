import type { Moving } from "./moves.ts";
import { toNumber } from "./rows.ts";

/** A job that is held, and what a settle may need to know of it. */
export interface Held extends Moving {
  readonly priority: number;
  readonly crashes: number;
  readonly maxCrashes: number;
  /** The holder's number. */
  readonly holder: number;
  /** The server's time when it was looked at. */
  readonly now: number;
}

/** A row of `lockHeldJobs`. */
export function toHeld(row: readonly unknown[]): Held {
  const [id = 0, token = 0, queue = 0, priority = 0, , crashes = 0, maxCrashes = 0, holder = 0, now = 0] =
    row.map(toNumber);
  return { id, token, queue, priority, crashes, maxCrashes, holder, now };
}
