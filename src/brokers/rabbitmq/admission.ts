import type { Excuses } from "./excuses.ts";
import type { Delivery } from "./lane.ts";
import { type Parcel, returnsOf, toParcel } from "./message.ts";
import { hasCount } from "./rows.ts";
import { poisonOf, type Sequel } from "./sequel.ts";

/** A message that is not handed out, and what becomes of it. */
export interface Aside {
  readonly delivery: Delivery;
  readonly sequel: Sequel;
}

interface Admission {
  readonly parcel: Parcel;
  /** What has to become of a message that cannot be handed out. */
  readonly sequel: Sequel | undefined;
}

/** Looks at what a message holds. */
export function admit({ message, consumer }: Delivery, excuses: Excuses): Admission {
  const parcel = toParcel(message, consumer.lane);
  if (parcel === undefined) {
    const foreign = { ...FOREIGN, payload: message.content };
    const error = { name: "ForeignMessage", message: "This message is not one of ganger's" };
    return { parcel: foreign, sequel: { kind: "failed", parcel: foreign, error, keepMs: FOREIGN_KEEP_MS } };
  }
  if (parcel.restMs > 0) {
    return { parcel, sequel: { kind: "again", parcel: { ...parcel, restMs: 0 }, delayMs: parcel.restMs } };
  }
  // It came back from a connection that was lost, unless somebody who lives has said that it was theirs.
  const returns = returnsOf(message);
  const deaths = Math.max(0, parcel.suspected + returns - excuses.of(parcel.id));
  if (!parcel.isApart) {
    if (deaths === 0) return { parcel, sequel: undefined };
    return { parcel, sequel: { kind: "again", parcel: setApart(parcel), delayMs: 0 } };
  }
  const counted = { ...parcel, crashes: parcel.crashes - parcel.suspected + deaths, suspected: deaths };
  // A classic queue does not count: the message is sent anew with the count in it.
  const isTold = returns === 0 || hasCount(message);
  const again = isTold ? undefined : ({ kind: "again", parcel: counted, delayMs: 0 } as const);
  return { parcel: counted, sequel: poisonOf(counted, undefined) ?? again };
}

/**
 * It may have been one of hundreds that a process held, of which one killed it: it is tried apart from the others, and
 * not given up for this.
 */
function setApart(parcel: Parcel): Parcel {
  const suspected = Math.max(0, Math.min(1, parcel.maxCrashes - 1 - parcel.crashes));
  return { ...parcel, crashes: parcel.crashes + suspected, suspected, isApart: true };
}

const FOREIGN_KEEP_MS = 86_400_000;

const FOREIGN: Parcel = {
  id: "foreign",
  queue: "",
  name: "",
  payload: Buffer.alloc(0),
  priority: 0,
  attempts: 0,
  interruptions: 0,
  crashes: 0,
  suspected: 0,
  isApart: false,
  maxCrashes: 1,
  enqueuedAtMs: 0,
  token: 0,
  options: undefined,
  tags: undefined,
  restMs: 0,
};
