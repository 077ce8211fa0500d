import { admit } from "./admission.ts";
import type { Excuses } from "./excuses.ts";
import type { Intake } from "./intake.ts";
import type { Delivery } from "./lane.ts";
import type { Parcel } from "./message.ts";

/** A claim of this process. */
export interface Held {
  readonly token: number;
  readonly holder: string;
  readonly parcel: Parcel;
  /** The job as it goes on when it has not run. */
  readonly unrun: Parcel;
  readonly delivery: Delivery;
  readonly intake: Intake;
  /** What follows it is on record: it need only be acknowledged. */
  isFollowed: boolean;
  /** It is acknowledged as well, but its caller was told of the failure of another: the answer waits to be asked for again. */
  isDone: boolean;
}

/** A job as it is to go on. That it came back from nobody's death may have been said only after it was handed out. */
export function lookAgain(
  { parcel, unrun, delivery, token }: Held,
  excuses: Excuses,
): { readonly parcel: Parcel; readonly unrun: Parcel } {
  const known = parcel === unrun ? { parcel, unrun } : admit(delivery, excuses);
  return { parcel: { ...known.parcel, token }, unrun: { ...known.unrun, token } };
}
