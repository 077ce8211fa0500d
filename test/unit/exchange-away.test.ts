import * as fc from "fast-check";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { GangerError } from "../../src/errors.ts";
import { bench, completed, done, HOLDER } from "../support/exchange-bench.ts";
import { type Hooks, unreachable } from "../support/interpose.ts";
import { poll } from "../support/workshop.ts";

afterEach(() => vi.useRealTimers());

describe("an exchange whose broker is away", () => {
  it.each([
    ["at once", unreachable],
    ["later", async () => unreachable()],
  ])("has outcomes on record where it fails %s to say what to claim", async (_, onNext) => {
    const { broker, exchange, told, state, claims, enqueue, claimed } = await bench(1);
    await enqueue(1);
    state.request = { queues: ["mail"], limit: 10, holder: HOLDER };
    state.onNext = onNext;
    for (const claim of claims) exchange.add(done(claim));
    await poll(() => completed(broker)).toBe(1);
    expect(told).toEqual(["1 settled", "failed"]);

    state.onNext = () => undefined;
    await poll(() => claimed.length).toBe(1);
    expect(told).toEqual(["1 settled", "failed", "recovered"]);
  });

  it("goes on to claim from a store that is full, as what ends makes room", async () => {
    const { exchange, told, state, claims, enqueue, claimed } = await bench(1);
    await enqueue(1);
    state.request = { queues: ["mail"], limit: 10, holder: HOLDER };
    state.onSettle = (outcomes) => {
      if (outcomes.length > 0) throw new GangerError("GANGER_BROKER_FULL", "There is no room");
    };
    for (const claim of claims) exchange.add(done(claim));
    await poll(() => claimed.length).toBe(1);
    expect(told).toEqual(["failed"]);
    expect(exchange.pending).toBe(1);

    state.onSettle = () => undefined;
    await exchange.flush();
    expect(told).toEqual(["failed", "recovered", "1 settled"]);
  });

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
