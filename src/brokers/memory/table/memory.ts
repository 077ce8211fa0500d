import { Holders } from "./holders.ts";
import { Jobs } from "./jobs.ts";

/** All that a store of this kind consists of, and its clock. */
export class Memory {
  readonly jobs = new Jobs();
  readonly holders = new Holders();
  readonly now: () => number;
  #token = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  nextToken(): number {
    return ++this.#token;
  }
}
