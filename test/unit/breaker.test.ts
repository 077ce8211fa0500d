import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { admits, afterFailure, BREAKER_LIMIT, type Breaker, CLOSED } from "../../src/pool/group/breaker.ts";

const timing = { minMs: 5000, maxMs: 60_000 };

function fail(times: number, tookMs = 100, now = 0): Breaker {
  let breaker = CLOSED;
  for (let n = 0; n < times; n++) breaker = afterFailure(breaker, { now, tookMs, timing });
  return breaker;
}

describe("a breaker", () => {
  it("stays closed for a few failures, and then lets one worker at a time be tried", () => {
    expect(admits(fail(BREAKER_LIMIT - 1), 0, 10)).toBe(true);

    const open = fail(BREAKER_LIMIT);

    expect(admits(open, 4999, 0)).toBe(false);
    expect(admits(open, 5000, 0)).toBe(true);
    expect(admits(open, 5000, 1)).toBe(false);
  });

  it("tries ever more slowly, down to once in a while", () => {
    const waits = [4, 5, 6, 7, 8, 9, 1000].map((times) => {
      const breaker = fail(times);
      return breaker.state === "open" ? breaker.until : undefined;
    });

    expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it("spends at most a 25th of the time on starts of up to some seconds, however short it may wait", () => {
    const hasty = { minMs: 1, maxMs: 2 };
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 12_000, noNaN: true }), { minLength: 50 }), (starts) => {
        let breaker = fail(BREAKER_LIMIT, 0);
        let now = 0;
        let spent = 0;
        for (const tookMs of starts) {
          if (breaker.state === "open") now = Math.max(now, breaker.until);
          now += tookMs;
          spent += tookMs;
          breaker = afterFailure(breaker, { now, tookMs, timing: hasty });
        }
        const end = breaker.state === "open" ? breaker.until : now;
        expect(spent).toBeLessThanOrEqual(end / 25 + 1e-6);
      }),
    );
  });
});
