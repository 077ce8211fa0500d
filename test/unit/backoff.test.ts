import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assertBackoff, type Backoff, backoffMs, DEFAULT_BACKOFF } from "../../src/job/backoff.ts";

const MIDDLE = 0.5;

describe("backoffMs", () => {
  it("waits the same each time when fixed", () => {
    const backoff: Backoff = { type: "fixed", delay: "5s" };

    expect([1, 2, 50].map((attempts) => backoffMs(backoff, attempts, MIDDLE))).toEqual([5000, 5000, 5000]);
  });

  it("doubles up to its maximum when exponential", () => {
    const backoff: Backoff = { type: "exponential", delay: "1s", max: "10s" };

    expect([1, 2, 3, 4, 5, 6].map((attempts) => backoffMs(backoff, attempts, MIDDLE))).toEqual([
      1000, 2000, 4000, 8000, 10_000, 10_000,
    ]);
  });

  it("starts at a second and ends at an hour by default", () => {
    expect(backoffMs(DEFAULT_BACKOFF, 1, MIDDLE)).toBe(1000);
    expect(backoffMs(DEFAULT_BACKOFF, 1_000_000, MIDDLE)).toBe(3_600_000);
  });

  it("takes off or adds as much as jitter says, and no more", () => {
    const backoff: Backoff = { type: "fixed", delay: 1000, jitter: 0.2 };

    expect([0, MIDDLE, 1].map((random) => backoffMs(backoff, 1, random))).toEqual([800, 1000, 1200]);
  });

  it("stays finite, whole and within its bounds, whatever the failures and the dice", () => {
    const delay = fc.nat({ max: 86_400_000 });
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        delay,
        share,
        share,
        fc.integer({ min: 1, max: 100_000 }),
        (ms, jitter, random, attempts) => {
          const max = 86_400_000;
          const wait = backoffMs({ type: "exponential", delay: ms, max, jitter }, attempts, random);
          expect(Number.isInteger(wait)).toBe(true);
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(max * (1 + jitter) + 1);
        },
      ),
    );
  });

  it("never waits less after one more failure, without jitter", () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000 }), fc.integer({ min: 1, max: 5000 }), (delay, attempts) => {
        const backoff: Backoff = { type: "exponential", delay };
        const [now, next] = [attempts, attempts + 1].map((failures) => backoffMs(backoff, failures, MIDDLE));
        expect(next).toBeGreaterThanOrEqual(now ?? 0);
      }),
    );
  });
});

describe("assertBackoff", () => {
  it.each([
    [{ type: "linear", delay: 1 }, "GANGER_OPTION_INVALID", 'backoff.type is "linear"'],
    [{ type: "fixed", delay: "soon" }, "GANGER_DURATION_INVALID", 'backoff.delay is "soon"'],
    [{ type: "exponential", delay: 1, max: -1 }, "GANGER_DURATION_INVALID", "backoff.max is -1"],
    [{ type: "fixed", delay: 1, jitter: 1.1 }, "GANGER_OPTION_INVALID", "backoff.jitter is 1.1"],
    [{ type: "fixed", delay: 1, jitter: Number.NaN }, "GANGER_OPTION_INVALID", "backoff.jitter is NaN"],
  ])("refuses %j", (backoff, code, message) => {
    expect(() => assertBackoff(backoff as Backoff)).toThrow(expect.objectContaining({ code, message }));
  });
});
