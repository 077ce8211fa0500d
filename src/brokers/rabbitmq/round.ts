import { type Aside, admit } from "./admission.ts";
import type { Excuses } from "./excuses.ts";
import { type Intake, MAX_WATCHED } from "./intake.ts";
import type { Delivery, Lane } from "./lane.ts";
import type { Parcel } from "./message.ts";
import type { Probe } from "./probe.ts";

interface RoundOptions {
  readonly limit: number;
  /** Takes what has come by itself, if anything has, without asking whether there is more. */
  readonly isHasty: boolean;
  readonly intake: Intake;
  readonly probe: Probe;
  readonly excuses: Excuses;
}

interface Taken {
  readonly parcel: Parcel;
  readonly unrun: Parcel;
  readonly delivery: Delivery;
}

/** One claim's way through its lanes. */
export class Round {
  readonly taken: Taken[] = [];
  readonly asides: Aside[] = [];
  /** Where there may be more than was taken, which comes by itself. */
  partial: Lane | undefined;
  readonly #options: RoundOptions;
  #isSettled = false;

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /** Takes from the first lane before the second, until there is enough or nothing more. */
  async gather(lanes: readonly Lane[]): Promise<void> {
    const { limit } = this.#options;
    const areFew = lanes.filter(({ isApart }) => !isApart).length <= MAX_WATCHED;
    const portion = areFew ? lanes.length : MAX_WATCHED;
    for (let from = 0; from < lanes.length; from += portion) {
      const promising = areFew ? lanes : await this.#promising(lanes.slice(from, from + portion));
      this.#isSettled = false;
      for (const lane of promising) {
        await this.#empty(promising, lane);
        if (this.taken.length >= limit || this.partial !== undefined) return;
      }
    }
  }

  /** Takes from a lane until there is enough or nothing more; of one that streams, what has come. */
  async #empty(lanes: readonly Lane[], lane: Lane): Promise<void> {
    const { limit, isHasty } = this.#options;
    this.#take(lane);
    if (lane.isApart) return this.#takeOne(lane);
    while (this.taken.length < limit) {
      const isMoreComing = lane.isStreaming(limit) || (isHasty && lane.brings(limit - this.taken.length));
      if (this.taken.length > 0 && isMoreComing) {
        this.partial = lane;
        return;
      }
      if (lane.buffer.length >= MAX_STUCK) return;
      if (this.asides.length >= MAX_ASIDES) {
        this.partial = lane;
        return;
      }
      if (!(await this.#isThere(lane))) return;
      if (await this.#bring(lanes, lane)) return;
    }
  }

  async #takeOne(lane: Lane): Promise<void> {
    const { limit, intake, probe } = this.#options;
    if (this.taken.length >= limit || lane.buffer.some(({ isStuck }) => !isStuck)) return;
    await intake.apart.fetch(lane, probe);
    this.#take(lane);
  }

  /** Puts everything back to where it was taken from. */
  undo(): void {
    const deliveries = [...this.taken, ...this.asides].map(({ delivery }) => delivery);
    deliveries.sort((a, b) => b.message.fields.deliveryTag - a.message.fields.deliveryTag);
    for (const delivery of deliveries) {
      delivery.consumer.lane.buffer.unshift(delivery);
      if (!delivery.consumer.lane.isApart) this.#options.intake.apart.leave(delivery);
    }
  }

  /** Fills a lane's buffer, and takes from it. True when it has no more. */
  async #bring(lanes: readonly Lane[], lane: Lane): Promise<boolean> {
    const { intake, limit } = this.#options;
    // What is put aside takes room: hundreds may be, that a dead process held.
    const wanted = limit - this.taken.length + this.asides.length;
    const isEmpty = lane.brings(wanted) ? undefined : await intake.pull(lane, wanted);
    if (lane.isWatched && !this.#isSettled) await this.#settleDown(lanes, lane);
    this.#isSettled = true;
    this.#take(lane);
    // Of what came by itself there may be more than there was room for.
    return isEmpty ?? lane.isWatched;
  }

  /** Whether a lane can be consumed: the channel, with all claims, would end with the attempt otherwise. */
  async #isThere(lane: Lane): Promise<boolean> {
    lane.isThere ||= (await this.#options.probe.count(lane.name)) !== undefined;
    return lane.isThere;
  }

  #take(lane: Lane): void {
    const { limit, excuses, intake } = this.#options;
    const { buffer } = lane;
    const kept: Delivery[] = [];
    let seen = 0;
    for (; seen < buffer.length && this.taken.length < limit; seen++) {
      const delivery = buffer[seen];
      if (delivery === undefined) break;
      const { parcel, unrun, sequel } = admit(delivery, excuses);
      // What cannot be set apart now runs where it is, one at a time as well; what was only to be sent anew just runs.
      const isSuspect = sequel?.kind === "again" && sequel.parcel.isApart && !lane.isApart;
      const runsHere =
        sequel?.kind === "again" && sequel.delayMs === 0 && (!isSuspect || intake.apart.isFree);
      const isTaken = sequel === undefined || (delivery.isStuck && runsHere);
      if (isTaken) this.taken.push({ parcel, unrun, delivery });
      else if (delivery.isStuck) kept.push(delivery);
      else this.asides.push({ delivery, sequel });
      if (isTaken && isSuspect) intake.apart.hold(delivery);
    }
    buffer.splice(0, seen, ...kept);
  }

  /** Those that have any jobs, or would bring them by themselves. */
  async #promising(lanes: readonly Lane[]): Promise<readonly Lane[]> {
    const unwatched = lanes.filter((lane) => !lane.isWatched);
    const counts = await this.#options.probe.counts(unwatched.map(({ name }) => name));
    for (const [place, lane] of unwatched.entries()) lane.counted = counts[place];
    const idle = new Set(unwatched.filter((lane, place) => counts[place] === 0 && lane.buffer.length === 0));
    return lanes.filter((lane) => !idle.has(lane));
  }

  /**
   * A queue that has nothing ready has sent what it had, and an answer of our channel's comes behind that. A queue
   * that has not yet seen our acknowledgements may have something for which it sees no room.
   */
  async #settleDown(lanes: readonly Lane[], lane: Lane): Promise<void> {
    const { intake, limit, probe } = this.#options;
    const deadline = performance.now() + PATIENCE_MS;
    for (let pauseMs = 1; performance.now() < deadline; pauseMs *= 2) {
      const watched = lanes.filter(({ isWatched }) => isWatched);
      const counts = await probe.counts(watched.map(({ name }) => name));
      await intake.settleDown();
      if (lane.buffer.length > 0 && lane.isStreaming(limit)) return;
      if (watched.every((each, place) => counts[place] === 0 || !each.isWatched)) return;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

/** What is put aside is sent on before more is looked at: a dead host may have held tens of thousands. */
const MAX_ASIDES = 500;
/** What can be neither sent on nor run is not heaped up here without end. */
const MAX_STUCK = 5000;
/** How long the server may take to bring what it says is there; the next claim sees it otherwise. */
const PATIENCE_MS = 500;
