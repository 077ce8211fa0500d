import type { Broker } from "../../src/broker/broker.ts";
import type { Claim, ClaimRequest, Outcome } from "../../src/broker/claim.ts";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { Exchange } from "../../src/worker/claim/exchange.ts";
import { type Hooks, interpose } from "./interpose.ts";

export const HOLDER = "host:1:a";

/** An exchange with a real broker, what it was told, and jobs that are claimed already. */
export async function bench(jobs = 0, hooks: Hooks = {}) {
  const real = guarded(createMemoryBroker());
  const enqueue = (count: number) =>
    real.enqueue(Array.from({ length: count }, () => ({ queue: "mail", name: "send", payload: "1" })));
  const take = (limit: number) => real.claim({ queues: ["mail"], limit, holder: HOLDER });
  await real.heartbeat([{ holder: HOLDER, queues: "mail" }], 3_600_000);
  await enqueue(jobs);
  const told: string[] = [];
  const claimed: Claim[] = [];
  const state = {
    request: undefined as ClaimRequest | undefined,
    goesOn: false,
    isUrgent: false,
    onClaimed: () => undefined as unknown,
    onNext: () => undefined as unknown,
    onSettle: (() => undefined) as (outcomes: readonly Outcome[]) => unknown,
    calls: 0,
    inFlight: 0,
    most: 0,
  };
  const broker = counting(interpose(real, hooks), state);
  const exchange = new Exchange(broker, {
    next: () => {
      const waits = state.onNext();
      return waits instanceof Promise ? waits.then(() => state.request) : state.request;
    },
    claimed(claims) {
      claimed.push(...claims);
      state.onClaimed();
      if (state.goesOn && claims.length > 0) exchange.request(state.isUrgent);
    },
    settled: ({ id }, counted) => void told.push(`${id} ${counted ? "settled" : "lost"}`),
    failed: () => void told.push("failed"),
    recovered: () => void told.push("recovered"),
  });
  return {
    broker: real,
    exchange,
    told,
    claimed,
    state,
    enqueue,
    claims: jobs === 0 ? [] : await take(jobs),
  };
}

/** Counts the calls of `settle`, and how many are under way at once. */
function counting(
  broker: Broker,
  state: {
    calls: number;
    inFlight: number;
    most: number;
    readonly onSettle: (outcomes: readonly Outcome[]) => unknown;
  },
): Broker {
  const settle = async (outcomes: readonly Outcome[], next?: ClaimRequest) => {
    state.calls++;
    state.most = Math.max(state.most, ++state.inFlight);
    try {
      state.onSettle(outcomes);
      return await broker.settle(outcomes, next);
    } finally {
      state.inFlight--;
    }
  };
  return new Proxy(broker, { get: (target, key) => (key === "settle" ? settle : Reflect.get(target, key)) });
}

export const done = ({ id, token }: Claim): Outcome => ({ id, token, kind: "completed" });

export async function completed(broker: Broker): Promise<number> {
  const [mail] = (await broker.inspect?.queues()) ?? [];
  return mail?.counts.completed ?? 0;
}
