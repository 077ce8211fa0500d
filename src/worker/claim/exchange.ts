import type { Broker } from "../../broker/broker.ts";
import type { Claim, ClaimRequest, Outcome } from "../../broker/claim.ts";
import { isGangerError } from "../../errors.ts";

export interface ExchangePartner {
  /** What to claim along with the outcomes, if anything. Asked right before each call. */
  readonly next: () => Promise<ClaimRequest | undefined>;
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
    if (this.#running !== undefined || this.#timer !== undefined) return;
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
    this.#running ??= this.#run();
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
    this.#running = undefined;
  }

  /** For a turn of the event loop, in which more may end; or until there is no reason to wait. */
  async #rest(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#endRest = resolve;
      setImmediate(resolve);
    });
    this.#endRest = undefined;
  }

  async #exchange(): Promise<void> {
    const outcomes = this.#outcomes;
    this.#outcomes = [];
    this.#underWay = outcomes.length;
    try {
      const next = await this.#partner.next();
      if (outcomes.length === 0 && next === undefined) return;
      const { settled, claimed } = await this.#broker.settle(outcomes, next);
      if (this.#failures > 0) this.#partner.recovered();
      this.#failures = 0;
      this.#underWay = 0;
      for (const [place, outcome] of outcomes.entries())
        this.#partner.settled(outcome, settled[place] ?? false);
      // Whether it is urgent depends on what has come.
      this.#isUrgent = false;
      if (next !== undefined) this.#partner.claimed(claimed, next);
    } catch (error) {
      this.#underWay = 0;
      this.#outcomes = outcomes.concat(this.#outcomes);
      if (isGangerError(error, "GANGER_BROKER_CLOSED")) this.#outcomes = [];
      else this.#isWanted = true;
      this.#failures++;
      if (this.#failures === 1) this.#partner.failed(error);
      await this.#pause();
    }
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
