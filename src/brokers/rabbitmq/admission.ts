import type { Excuses } from "./excuses.ts";
import type { Delivery } from "./lane.ts";
import { type Parcel, returnsOf, toExcuse, toParcel, UNTRIED } from "./message.ts";
import { hasCount } from "./rows.ts";
import { poisonOf, type Sequel } from "./sequel.ts";

/** A message that is not handed out, and what becomes of it. */
export interface Aside {
  readonly delivery: Delivery;
  readonly sequel: Sequel;
}

interface Admission {
  /** The job as it is handed out, and as it goes on once it has run. */
  readonly parcel: Parcel;
  /** The job as it goes on when it has not run. */
  readonly unrun: Parcel;
  /** What has to become of a message that cannot be handed out. */
  readonly sequel: Sequel | undefined;
}

/** How a message came back. */
interface Return {
  readonly returns: number;
  /** Whether it is to be sent anew. */
  readonly isOld: boolean;
  readonly excuses: Excuses;
  readonly lane: string;
}

/** Looks at what a message holds. */
export function admit({ message, consumer }: Delivery, excuses: Excuses): Admission {
  const parcel = toParcel(message, consumer.lane);
  if (parcel === undefined) {
    const foreign = { ...FOREIGN, payload: message.content };
    const error = { name: "ForeignMessage", message: "This message is not one of ganger's" };
    const sequel = { kind: "failed", parcel: foreign, error, keepMs: FOREIGN_KEEP_MS } as const;
    return { parcel: foreign, unrun: foreign, sequel };
  }
  if (parcel.restMs > 0) {
    const rested = { ...parcel, restMs: 0 };
    return { parcel, unrun: rested, sequel: { kind: "again", parcel: rested, delayMs: parcel.restMs } };
  }
  const returns = returnsOf(message);
  if (returns === 0 && parcel.suspected === 0 && !parcel.isApart)
    return { parcel, unrun: parcel, sequel: undefined };
  // A classic queue says that it gave a message out before, and not how often: it is sent anew.
  const isOld = returns > 0 && !hasCount(message);
  const returned = { returns, isOld, excuses, lane: consumer.lane.name };
  return parcel.isApart ? admitApart(parcel, returned) : admitReturned(parcel, returned);
}

/** What the returns of a job say: it came back from a connection that was lost, unless somebody who lives has said that it was theirs. */
function weigh(parcel: Parcel, { returns, excuses, lane }: Return) {
  const { id, generation, suspected, suspectedIn } = parcel;
  const name = toExcuse(id, generation);
  if (excuses.of(name) < returns) excuses.pardon(lane, name);
  const excused = excuses.of(name);
  const before = Math.max(0, suspected - excuses.of(toExcuse(id, suspectedIn)));
  const next = { ...parcel, generation: generation + (returns > 0 ? 1 : 0) };
  const noted = { ...next, suspected: before + Math.max(returns, excused), suspectedIn: generation };
  return {
    deaths: before + Math.max(0, returns - excused),
    handed: { ...next, suspected: 0, suspectedIn: 0, isApart: false },
    unrun: returns === 0 ? parcel : noted,
  };
}

/**
 * It may have been one of hundreds that a process held, of which one killed it: for the second time it is tried apart from the
 * others, and not given up for what happened before.
 */
function admitReturned(parcel: Parcel, returned: Return): Admission {
  const { deaths, handed, unrun } = weigh(parcel, returned);
  const { crashes, maxCrashes } = parcel;
  if (deaths < (maxCrashes - crashes >= SEVERAL ? 2 : 1))
    return { parcel: handed, unrun, sequel: returned.isOld ? again(unrun) : undefined };
  const most = Math.max(maxCrashes, crashes + deaths + Math.min(2, maxCrashes));
  const apart = { ...unrun, isApart: true, maxCrashes: most };
  const suspect = { ...handed, crashes: crashes + deaths, maxCrashes: most };
  return { parcel: suspect, unrun: apart, sequel: again(apart) };
}

/** Who may crash as often is not set apart for the first return: hundreds come back with each process that is killed. */
const SEVERAL = 3;

/** Each return of a job that its process held alone of its kind is a crash of its own. */
function admitApart(parcel: Parcel, returned: Return): Admission {
  const { deaths, handed, unrun } = weigh(parcel, returned);
  const counted = { ...handed, crashes: parcel.crashes + deaths };
  const poison = poisonOf(counted, undefined);
  if (poison === undefined)
    return { parcel: counted, unrun, sequel: returned.isOld ? again(unrun) : undefined };
  // Whose process lives may say so when it is connected again.
  const sequel = returned.returns === 0 ? poison : { ...again(unrun), delayMs: JUDGED_AFTER_MS };
  return { parcel: counted, unrun, sequel };
}

function again(parcel: Parcel): Extract<Sequel, { kind: "again" }> {
  return { kind: "again", parcel, delayMs: 0 };
}

const JUDGED_AFTER_MS = 2000;

const FOREIGN_KEEP_MS = 86_400_000;

const FOREIGN: Parcel = {
  ...UNTRIED,
  id: "foreign",
  queue: "",
  name: "",
  payload: Buffer.alloc(0),
  priority: 0,
  maxCrashes: 1,
  enqueuedAtMs: 0,
  options: undefined,
  tags: undefined,
};
