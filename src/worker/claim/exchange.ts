import type { Broker } from "../../broker/broker.ts";
import type { Claim, ClaimRequest, Outcome } from "../../broker/claim.ts";
import { isGangerError } from "../../errors.ts";
import type { MaybePromise } from "../../util/maybe-promise.ts";

export interface ExchangePartner {
  /** What to claim along with the outcomes, if anything. Asked right before each call, which need not wait where this is known. */
  readonly next: () => MaybePromise<ClaimRequest | undefined>;
  readonly claimed: (claims: readonly Claim[], request: ClaimRequest) => void;
  /** The store has these outcomes on record, or, with `false`, refused one of a claim that was lost. */
  readonly settled: (outcome: Outcome, counted: boolean) => void;
  readonly failed: (error: unknown) => void;
  readonly recovered: () => void;
}

/**
 * Reports outcomes and claims jobs, one call at a time: what finishes while a
 * call is under way goes into the next. Outcomes survive the broker's absence.
 */
export class Exchange {
  readonly #broker: Broker;
  readonly #partner: ExchangePartner;
  #outcomes: Outcome[] = [];
  #underWay = 0;
  #running: Promise<void> | undefined;
  #isRunning = false;
  #isWanted = false;
  #isUrgent = false;
  #endRest: (() => void) | undefined;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #endPause: (() => void) | undefined;

  constructor(broker: Broker, partner: ExchangePartner) {
    this.#broker = broker;
    this.#partner = partner;
  }

  /** Outcomes that are not on record yet. */
  get pending(): number {
    return this.#outcomes.length + this.#underWay;
  }

  /** Takes an outcome, which is reported with the next call, in 2 ms at the latest. */
  add(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    if (this.#isRunning || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.request(), HOLD_MS);
  }

  /**
   * Asks for a call now, or right after the one under way; urgently when there are jobs at hand to be run meanwhile, so that
   * nothing is to be gained by waiting for others to end.
   */
  request(isUrgent = false): void {
    this.#isWanted = true;
    if (isUrgent) {
      this.#isUrgent = true;
      this.#endRest?.();
    }
    // A broker may wake us while it is called, which is before the loop has returned its promise.
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Resolves when every outcome is on record. */
  async flush(): Promise<void> {
    this.#endPause?.();
    while (this.#outcomes.length > 0 || this.#running !== undefined) {
      if (this.#outcomes.length > 0) this.request();
      await this.#running;
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#outcomes = [];
    this.#isWanted = false;
    this.#endPause?.();
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#isWanted) {
      this.#isWanted = false;
      this.#isUrgent = false;
      const turn = new Turn();
      await this.#exchange();
      // Embedded stores answer without leaving the microtask queue: timers, signals and sockets need their turn, which they
      // had while a server was asked.
      if (!turn.isOver) await turn.end;
      else if (!this.#isUrgent) await this.#rest();
      if (this.#outcomes.length > 0) this.#isWanted = true;
    }
    this.#isRunning = false;
    this.#running = undefined;
  }

  /** For a turn of the event loop, in which more may end; or until there is no reason to wait. */
  #rest(): Promise<void> {
    return new Promise((resolve) => {
      this.#endRest = resolve;
      setImmediate(resolve);
    });
  }

  async #exchange(): Promise<void> {
    let outcomes = this.#outcomes;
    this.#outcomes = [];
    this.#underWay = outcomes.length;
    let next: ClaimRequest | undefined;
    try {
      let unknown: { readonly error: unknown } | undefined;
      try {
        // With each `await`, all jobs that run may end and others start: at a high concurrency, all that were held would be gone.
        const asked = this.#partner.next();
        next = asked instanceof Promise ? await asked : asked;
      } catch (error) {
        // What has ended goes on record even where it cannot be said what to claim.
        if (outcomes.length === 0) throw error;
        unknown = { error };
      }
      if (outcomes.length === 0 && next === undefined) return;
      const { settled, claimed } = await this.#broker.settle(outcomes, next);
      if (this.#failures > 0 && unknown === undefined) {
        this.#partner.recovered();
        this.#failures = 0;
      }
      this.#underWay = 0;
      const reported = outcomes;
      outcomes = [];
      for (const [place, outcome] of reported.entries())
        this.#partner.settled(outcome, settled[place] ?? false);
      if (unknown !== undefined) throw unknown.error;
      // Whether it is urgent depends on what has come.
      this.#isUrgent = false;
      if (next !== undefined) this.#partner.claimed(claimed, next);
    } catch (error) {
      await this.#failed(error, outcomes, next);
    }
  }

  async #failed(
    failure: unknown,
    outcomes: readonly Outcome[],
    next: ClaimRequest | undefined,
  ): Promise<void> {
    this.#underWay = 0;
    this.#outcomes = [...outcomes, ...this.#outcomes];
    if (isGangerError(failure, "GANGER_BROKER_CLOSED")) this.#outcomes = [];
    else this.#isWanted = true;
    this.#failures++;
    if (this.#failures === 1) this.#partner.failed(failure);
    // A store that takes nothing new may give out jobs all the same, whose end makes room.
    if (isGangerError(failure, "GANGER_BROKER_FULL") && outcomes.length > 0 && next !== undefined) {
      const claimed = await this.#broker.settle([], next).then(
        (answer) => answer.claimed,
        () => [],
      );
      if (claimed.length > 0) this.#failures = 1;
      this.#partner.claimed(claimed, next);
    }
    await this.#pause();
  }

  /** After a failed call: from 50 ms to 3 s, with a quarter by chance, so that workers do not come back together, and all are back within 5 s. */
  #pause(): Promise<void> {
    const delayMs = Math.min(50 * 2 ** (this.#failures - 1), 3000) * (0.75 + 0.5 * Math.random());
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A turn of the event loop. */
class Turn {
  isOver = false;
  readonly end = new Promise<void>((resolve) => {
    setImmediate(() => {
      this.isOver = true;
      resolve();
    });
  });
}

const HOLD_MS = 2;
