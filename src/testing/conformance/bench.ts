import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Broker } from "../../broker/broker.ts";
import type { FacetName } from "../../broker/facets.ts";
import type { Bench, ClaimerProcess, UserTransaction } from "./case.ts";
import { startClaimer } from "./claimer-process.ts";
import { createHands } from "./hands.ts";
import { Names } from "./names.ts";

/** Where a bench is put up. */
export interface BenchOptions {
  readonly broker: Broker;
  readonly isPrivate: boolean;
  /** Moves the store's clock, where that is not a real one. */
  readonly elapse?: ((ms: number) => Promise<void> | void) | undefined;
  /** Opens the same store once more. */
  readonly reopen?: (() => Promise<Broker>) | undefined;
  /** Opens a transaction as a user of the store would. */
  readonly begin?: (() => Promise<UserTransaction>) | undefined;
  /** The compiled `claimer.js`. */
  readonly claimer?: string | undefined;
}

/** Calls `use` with a bench of its own, and then clears all that was left on it. */
export async function withBench(options: BenchOptions, use: (bench: Bench) => Promise<void>): Promise<void> {
  const names = new Names(`verify:${randomBytes(5).toString("hex")}`);
  const opened: Broker[] = [];
  const started: ClaimerProcess[] = [];
  const begun: UserTransaction[] = [];
  try {
    await use(createBench(options, { names, opened, started, begun }));
  } finally {
    await Promise.all(started.map((process) => process.kill()));
    await Promise.all(begun.map((transaction) => transaction.rollback()));
    await names.clear(options.broker);
    for (const broker of opened) await broker[Symbol.asyncDispose]();
  }
}

interface Possessions {
  readonly names: Names;
  readonly opened: Broker[];
  readonly started: ClaimerProcess[];
  readonly begun: UserTransaction[];
}

function createBench(options: BenchOptions, { names, opened, started, begun }: Possessions): Bench {
  const { broker, isPrivate, reopen, begin, claimer } = options;
  const hands = createHands(broker, names);
  return {
    ...hands,
    ...createTime(options),
    broker,
    isPrivate,
    prefix: names.prefix,
    queue: (name) => names.queue(name),
    holder: (name) => names.holder(name),
    async reopen() {
      const second = await needed(reopen, "This store has no second connection")();
      opened.push(second);
      return second;
    },
    async begin() {
      const transaction = await needed(begin, "This store has no transactions of users")();
      begun.push(transaction);
      return transaction;
    },
    async spawn(amount, toOrder) {
      const { url } = broker;
      if (claimer === undefined || url === undefined) throw new TypeError("This store is of one process");
      const orders = Array.from({ length: amount }, (_, place) => toOrder(place));
      const fresh = orders.map((order) => startClaimer(claimer, { url, order }));
      started.push(...fresh);
      return fresh;
    },
    get inspect() {
      return facet(broker, "inspect");
    },
    get edit() {
      return facet(broker, "edit");
    },
    get store() {
      return facet(broker, "store");
    },
    get wakeups() {
      return facet(broker, "wakeups");
    },
    get maintenance() {
      return facet(broker, "maintenance");
    },
    get transactions() {
      return facet(broker, "transactions");
    },
  };
}

function needed<T>(ability: T | undefined, lack: string): T {
  if (ability === undefined) throw new TypeError(lack);
  return ability;
}

function createTime({ elapse }: BenchOptions): Pick<Bench, "elapse" | "eventually"> {
  return {
    async elapse(ms) {
      // A timer may be a little early by the store's clock.
      await (elapse === undefined ? delay(ms + 3) : elapse(ms));
    },
    async eventually(ask, deadlineMs = 10_000) {
      const deadline = performance.now() + deadlineMs;
      for (;;) {
        const answer = await ask();
        if (answer !== undefined && answer !== null && answer !== false) return answer;
        if (performance.now() > deadline) throw new Error(`Not within ${deadlineMs} ms: ${ask.toString()}`);
        await delay(5);
      }
    },
  };
}

function facet<Name extends FacetName>(broker: Broker, name: Name): NonNullable<Broker[Name]> {
  const found = broker[name];
  if (found === undefined || found === null)
    throw new TypeError(`The case does not say that it needs ${name}`);
  return found;
}
