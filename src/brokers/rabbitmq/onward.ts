import type { Wake } from "../../broker/wakeups.ts";
import type { Aside } from "./admission.ts";
import type { Desk } from "./desk.ts";
import type { Intake } from "./intake.ts";
import type { Link } from "./link.ts";
import { sendOn } from "./send-on.ts";
import type { Sequel } from "./sequel.ts";

interface OnwardOptions {
  readonly desk: Link<Desk>;
  readonly failedQueue: string;
  readonly onWake: Wake;
  /** Called when jobs were set apart. */
  readonly onReturned: () => void;
}

/** Has jobs go on that do not just go: to wait again, apart from the others, or among the failed. */
export class Onward {
  readonly #options: OnwardOptions;
  #retryAt = 0;
  #retryMs = FIRST_RETRY_MS;

  constructor(options: OnwardOptions) {
    this.#options = options;
  }

  /** For each the reason why it could not be sent, or `undefined` once the server has it. */
  async follow(sequels: readonly Sequel[]): Promise<readonly unknown[]> {
    if (sequels.length === 0) return [];
    try {
      const desk = await this.#options.desk.open();
      const failures = await sendOn(desk, this.#options.failedQueue, sequels);
      this.#tell(
        desk,
        sequels.filter((_, place) => failures[place] === undefined),
      );
      return failures;
    } catch (error) {
      return sequels.map(() => error);
    }
  }

  /** Whether it is time to try again what could not be sent. */
  get isDue(): boolean {
    return performance.now() >= this.#retryAt;
  }

  /** What cannot be sent on its way now stays where it is; true when there is any. */
  async putAside(asides: readonly Aside[], intake: Intake): Promise<boolean> {
    if (asides.length === 0) return false;
    const failures = await this.follow(asides.map(({ sequel }) => sequel));
    if (!intake.isOpen) return false;
    const isSent = (_: unknown, place: number): boolean => failures[place] === undefined;
    intake.acknowledge(asides.filter(isSent).map(({ delivery }) => delivery));
    const rest = asides.filter((_, place) => !isSent(_, place)).toReversed();
    for (const { delivery, sequel } of rest) {
      if (sequel.kind === "failed" || sequel.delayMs > 0) intake.apart.leave(delivery);
      // Once: what is stuck wakes nobody again.
      if (!delivery.isStuck) this.#options.onWake(delivery.consumer.lane.queue);
      delivery.isStuck = true;
      delivery.consumer.lane.buffer.unshift(delivery);
    }
    this.#retryMs = rest.length === 0 ? FIRST_RETRY_MS : Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    this.#retryAt = performance.now() + this.#retryMs;
    return rest.length > 0;
  }

  #tell(desk: Desk, sent: readonly Sequel[]): void {
    const { onWake, onReturned } = this.#options;
    const returned = new Set<string>();
    for (const sequel of sent) {
      if (sequel.kind !== "again") continue;
      const queue = sequel.delayMs === 0 ? sequel.parcel.queue : undefined;
      if (sequel.parcel.isApart) returned.add(sequel.parcel.queue);
      else desk.tellNews(queue);
      onWake(queue);
    }
    if (returned.size === 0) return;
    onReturned();
    desk.mention({ queues: [...returned], areReturned: true });
  }
}

const FIRST_RETRY_MS = 100;
/** A queue that confirms nothing holds up all claims for 5 s each time. */
const MAX_RETRY_MS = 30_000;
