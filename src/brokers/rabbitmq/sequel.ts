import type { Outcome } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { toPoison } from "../../broker/poison.ts";
import type { JobError } from "../../job/job.ts";
import type { Parcel } from "./message.ts";

/** What is published of a job before its message is acknowledged; `undefined` when it just goes. */
export type Sequel =
  | { readonly kind: "again"; readonly parcel: Parcel; readonly delayMs: number }
  | { readonly kind: "failed"; readonly parcel: Parcel; readonly error: JobError; readonly keepMs: number };

export function sequelOf(outcome: Outcome, parcel: Parcel, unrun: Parcel): Sequel | undefined {
  switch (outcome.kind) {
    case "completed":
    case "cancelled":
      return undefined;
    case "retry": {
      const counted =
        outcome.counts === false
          ? { interruptions: parcel.interruptions + 1 }
          : { attempts: parcel.attempts + 1 };
      return { kind: "again", parcel: { ...parcel, ...counted }, delayMs: outcome.delayMs };
    }
    case "failed": {
      const { error, keepMs = DEFAULT_KEEP_MS.failed, counts = true } = outcome;
      if (keepMs === 0) return undefined;
      const attempts = parcel.attempts + (counts ? 1 : 0);
      return { kind: "failed", parcel: { ...parcel, attempts }, error, keepMs };
    }
    case "released":
      return outcome.started ? interrupted(parcel) : { kind: "again", parcel: unrun, delayMs: 0 };
    case "crashed":
      return crashed(parcel, outcome.detail);
    case "advanced": {
      const { queue, payload, delayMs = 0 } = outcome;
      const moved = {
        queue,
        attempts: 0,
        payload: payload === undefined ? parcel.payload : Buffer.from(payload),
      };
      return { kind: "again", parcel: { ...parcel, ...moved }, delayMs };
    }
  }
}

export function interrupted(parcel: Parcel): Sequel {
  return { kind: "again", parcel: { ...parcel, interruptions: parcel.interruptions + 1 }, delayMs: 0 };
}

/** A crash more: it waits again, or is poison. */
export function crashed(parcel: Parcel, detail: string | undefined): Sequel {
  const counted = { ...parcel, crashes: parcel.crashes + 1 };
  return poisonOf(counted, detail) ?? { kind: "again", parcel: counted, delayMs: 0 };
}

/** What becomes of a job that crashed as often as it may. */
export function poisonOf(parcel: Parcel, detail: string | undefined): Sequel | undefined {
  if (parcel.crashes < parcel.maxCrashes) return undefined;
  return { kind: "failed", parcel, error: toPoison(parcel.crashes, detail), keepMs: DEFAULT_KEEP_MS.failed };
}
