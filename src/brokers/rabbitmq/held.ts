import type { Intake } from "./intake.ts";
import type { Delivery } from "./lane.ts";
import type { Parcel } from "./message.ts";

/** A claim of this process. */
export interface Held {
  readonly token: number;
  readonly holder: string;
  readonly parcel: Parcel;
  readonly delivery: Delivery;
  readonly intake: Intake;
  /** What follows it is on record: it need only be acknowledged. */
  isFollowed: boolean;
  /** It is acknowledged as well, but its caller was told of the failure of another: the answer waits to be asked for again. */
  isDone: boolean;
}
