import { afterEach, describe, expect, it, vi } from "vitest";
import { bench, completed, done, HOLDER } from "../support/exchange-bench.ts";
import { Gate, type Hooks } from "../support/interpose.ts";
import { poll } from "../support/workshop.ts";

afterEach(() => vi.useRealTimers());

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

  it("has one call under way when a broker wakes it from within", async () => {
    const { exchange, state, claims } = await bench(2);
    const [first, second] = claims.map(done);
    state.onSettle = () => {
      state.onSettle = () => undefined;
      if (second !== undefined) exchange.add(second);
      exchange.request();
    };
    if (first !== undefined) exchange.add(first);
    exchange.request();
    await exchange.flush();

    expect(state).toMatchObject({ calls: 2, most: 1 });
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
