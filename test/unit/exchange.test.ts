import * as fc from "fast-check";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import type { Claim, ClaimRequest, Outcome } from "../../src/broker/claim.ts";
import { guarded } from "../../src/broker/guarded.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { Exchange } from "../../src/worker/claim/exchange.ts";
import { Gate, type Hooks, interpose, unreachable } from "../support/interpose.ts";
import { poll } from "../support/workshop.ts";

const HOLDER = "host:1:a";

afterEach(() => vi.useRealTimers());

/** An exchange with a real broker, what it was told, and jobs that are claimed already. */
async function bench(jobs = 0, hooks: Hooks = {}) {
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
    calls: 0,
    inFlight: 0,
    most: 0,
  };
  const broker = counting(interpose(real, hooks), state);
  const exchange = new Exchange(broker, {
    next: async () => state.request,
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
function counting(broker: Broker, state: { calls: number; inFlight: number; most: number }): Broker {
  const settle = async (outcomes: readonly Outcome[], next?: ClaimRequest) => {
    state.calls++;
    state.most = Math.max(state.most, ++state.inFlight);
    try {
      return await broker.settle(outcomes, next);
    } finally {
      state.inFlight--;
    }
  };
  return new Proxy(broker, { get: (target, key) => (key === "settle" ? settle : Reflect.get(target, key)) });
}

const done = ({ id, token }: Claim): Outcome => ({ id, token, kind: "completed" });

async function completed(broker: Broker): Promise<number> {
  const [mail] = (await broker.inspect?.queues()) ?? [];
  return mail?.counts.completed ?? 0;
}

describe("an exchange", () => {
  it("claims along with the outcomes, in one call", async () => {
    const { exchange, told, claimed, state, enqueue, claims } = await bench(2);
    await enqueue(3);
    state.request = { queues: ["mail"], limit: 10, holder: HOLDER };
    for (const claim of claims) exchange.add(done(claim));
    exchange.request();
    await poll(() => claimed.length).toBe(3);

    expect(told).toEqual(["1 settled", "2 settled"]);
    expect(state.calls).toBe(1);
  });

  it("makes no call when there is nothing to say and nothing to ask", async () => {
    const { exchange, state } = await bench();
    exchange.request();
    await exchange.flush();

    expect(state.calls).toBe(0);
  });

  it("has one call under way; what finishes meanwhile goes into the next", async () => {
    const gate = new Gate();
    const hooks: Hooks = { settle: () => gate.opened };
    const { broker, exchange, state, claims } = await bench(100, hooks);
    const [first, ...others] = claims.map(done);
    if (first !== undefined) exchange.add(first);
    exchange.request();
    for (const outcome of others) {
      exchange.add(outcome);
      exchange.request();
    }
    gate.open();
    await exchange.flush();

    expect(state).toMatchObject({ calls: 2, most: 1 });
    expect(await completed(broker)).toBe(100);
  });

  it("holds a lone outcome for 2 ms, and joins those that come within", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { broker, exchange, state, claims } = await bench(3);
    for (const claim of claims) exchange.add(done(claim));
    await vi.advanceTimersByTimeAsync(1);
    expect(state.calls).toBe(0);

    await vi.advanceTimersByTimeAsync(1);
    vi.useRealTimers();
    await poll(() => exchange.pending).toBe(0);
    expect(state.calls).toBe(1);
    expect(await completed(broker)).toBe(3);
  });

  it("tells of an outcome that was refused", async () => {
    const { broker, exchange, told, claims } = await bench(2);
    await broker.edit?.cancel(["1"]);
    for (const claim of claims) exchange.add(done(claim));
    await exchange.flush();

    expect(told).toEqual(["1 lost", "2 settled"]);
  });

  it("flushes what is pending at once, and at once when nothing is", async () => {
    const { exchange, state, claims } = await bench(5);
    for (const claim of claims) exchange.add(done(claim));
    expect(exchange.pending).toBe(5);
    await exchange.flush();
    expect(exchange.pending).toBe(0);

    await exchange.flush();
    expect(state.calls).toBe(1);
  });

  it.each([false, true])(
    "lets timers and sockets have their turn though the broker answers at once",
    async (isUrgent) => {
      const { exchange, state, enqueue, claimed } = await bench();
      await enqueue(100);
      state.request = { queues: ["mail"], limit: 1, holder: HOLDER };
      state.goesOn = true;
      state.isUrgent = isUrgent;
      exchange.request();
      await new Promise(setImmediate);
      expect(claimed.length).toBeLessThan(100);

      await poll(() => claimed.length).toBe(100);
    },
  );
});

describe("an exchange with a server", () => {
  it.each([
    ["asks for more at once when it is told to, for what was brought takes a while", true, 2],
    ["waits otherwise for what ends within a turn of the event loop", false, 1],
  ])("%s", async (_, isUrgent, calls) => {
    const hooks: Hooks = { settle: () => new Promise(setImmediate) };
    const { exchange, state, enqueue, claimed } = await bench(0, hooks);
    await enqueue(2);
    state.request = { queues: ["mail"], limit: 1, holder: HOLDER };
    state.goesOn = true;
    state.isUrgent = isUrgent;
    const callsWithinATurn = new Promise<number>((resolve) => {
      state.onClaimed = () => setImmediate(() => resolve(state.calls));
    });
    exchange.request();
    expect(await callsWithinATurn).toBe(calls);

    await exchange.flush();
    expect(claimed).toHaveLength(2);
  });

  it("waits no longer when what it waits with becomes urgent", async () => {
    const { exchange, state, enqueue, claimed } = await bench(0, { settle: () => new Promise(setImmediate) });
    await enqueue(2);
    state.request = { queues: ["mail"], limit: 1, holder: HOLDER };
    const callsWithinATurn = new Promise<number>((resolve) => {
      state.onClaimed = () => {
        state.onClaimed = () => undefined;
        setImmediate(() => resolve(state.calls));
        process.nextTick(() => exchange.request(true));
      };
    });
    exchange.request();
    expect(await callsWithinATurn).toBe(2);

    await exchange.flush();
    expect(claimed).toHaveLength(2);
  });
});

describe("an exchange whose broker is away", () => {
  it("keeps the outcomes, in their order, until the broker is back", async () => {
    const hooks: Hooks = { settle: unreachable };
    const { broker, exchange, told, state, claims } = await bench(3, hooks);
    const [first, ...others] = claims.map(done);
    if (first !== undefined) exchange.add(first);
    await poll(() => state.calls).toBeGreaterThan(1);
    for (const outcome of others) exchange.add(outcome);
    hooks["settle"] = undefined;
    await exchange.flush();

    expect(told).toEqual(["failed", "recovered", "1 settled", "2 settled", "3 settled"]);
    expect(await completed(broker)).toBe(3);
  });

  it("tries less and less often, up to every 3 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    onTestFinished(() => vi.spyOn(Math, "random").mockRestore());
    vi.spyOn(Math, "random").mockReturnValue(0.5);
    const tries: number[] = [];
    const { exchange, claims } = await bench(1, {
      settle: () => (tries.push(performance.now()), unreachable()),
    });
    for (const claim of claims) exchange.add(done(claim));
    while (tries.length < 11) {
      await vi.advanceTimersToNextTimerAsync();
      await new Promise(setImmediate);
    }

    const gaps = tries.slice(1).map((time, place) => Math.round(time - (tries[place] ?? 0)));
    expect(gaps).toEqual([50, 100, 200, 400, 800, 1600, 3000, 3000, 3000, 3000]);
    exchange.close();
  });

  it("gives up when the broker was closed by its owner", async () => {
    const { broker, exchange, told, claims } = await bench(1);
    await broker[Symbol.asyncDispose]();
    for (const claim of claims) exchange.add(done(claim));
    await exchange.flush();

    expect(told).toEqual(["failed"]);
    expect(exchange.pending).toBe(0);
  });

  it("loses and repeats nothing, whichever calls fail and whenever outcomes come", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const plan = fc.array(fc.record({ fails: fc.boolean(), count: fc.nat({ max: 5 }) }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        const fails = steps.map((step) => step.fails);
        const hooks = { settle: () => (fails.shift() === true ? unreachable() : undefined) };
        const { broker, exchange, told, claims } = await bench(100, hooks);
        const outcomes = claims.map(done);
        for (const { count } of steps) {
          for (const outcome of outcomes.splice(0, count)) exchange.add(outcome);
          await vi.advanceTimersByTimeAsync(40);
        }
        while (exchange.pending > 0) await vi.advanceTimersByTimeAsync(5000);
        await exchange.flush();
        const added = claims.length - outcomes.length;
        expect(told.filter((line) => line.endsWith("settled"))).toHaveLength(added);
        expect(await completed(broker)).toBe(added);
      }),
      { numRuns: 30 },
    );
  });
});
