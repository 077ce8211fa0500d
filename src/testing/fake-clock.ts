import { type Duration, toMs } from "../job/duration.ts";

/** A clock that stands still until it is moved. Starts at the first moment of 2030, unless told otherwise. */
export class FakeClock {
  #now: number;

  constructor(start: Date = new Date("2030-01-01T00:00:00Z")) {
    this.#now = start.getTime();
  }

  /** Milliseconds since 1970. Bound, so that it can be handed over as it is. */
  readonly now = (): number => this.#now;

  advance(by: Duration): void {
    this.#now += toMs(by, "advance");
  }
}
