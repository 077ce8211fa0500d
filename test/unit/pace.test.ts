import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pace } from "../../src/worker/claim/pace.ts";

const MAIL = new Set(["mail"]);

/** A worker of ten at once that has claimed from `mail` often enough for its limit to count no more. */
function grownPace(concurrency = 10): Pace {
  const pace = new Pace(concurrency);
  pace.claimed(MAIL, 10_000);
  return pace;
}

describe("how many jobs are held ahead", () => {
  it("is none before a run time is known", () => {
    const pace = new Pace(10);
    expect(pace.ahead).toBe(0);

    pace.claimed(MAIL, 10);
    expect(pace.ahead).toBe(0);
  });

  it("is about 50 ms of work", () => {
    const pace = grownPace();
    pace.observe("mail", 5);

    expect(pace.ahead).toBe(100);
  });

  it.each([0, 7])("is no more than %i when that is the bound", (bound) => {
    const pace = new Pace(10, bound);
    pace.claimed(MAIL, 10_000);
    pace.observe("mail", 0.1);

    expect(pace.ahead).toBe(bound);
  });

  it.each([50, 51, 60_000])("is none when a run takes %i ms", (ms) => {
    const pace = grownPace();
    pace.observe("mail", ms);

    expect(pace.ahead).toBe(0);
  });

  it("at most doubles with each claim", () => {
    const pace = new Pace(10);
    pace.observe("mail", 0.01);
    const limits = [10, 20, 40].map((count) => {
      pace.claimed(MAIL, count);
      return pace.ahead;
    });

    expect(limits).toEqual([20, 40, 80]);
  });

  it("is a thousand at most, even of jobs that take no time", () => {
    const pace = grownPace(1000);
    pace.observe("mail", 0);

    expect(pace.ahead).toBe(1000);
  });

  it("goes by the slowest queue of the last claim", () => {
    const pace = grownPace();
    pace.observe("mail", 1);
    pace.observe("reports", 1000);
    expect(pace.ahead).toBe(500);

    pace.claimed(new Set(["mail", "reports"]), 10_000);
    expect(pace.ahead).toBe(0);
    pace.claimed(new Set(["mail", "unheard"]), 10_000);
    expect(pace.ahead).toBe(0);
  });

  it("follows the run times as they change", () => {
    const pace = grownPace();
    for (let run = 0; run < 100; run++) pace.observe("mail", 1);
    for (let run = 0; run < 100; run++) pace.observe("mail", 1000);
    expect(pace.ahead).toBe(0);

    for (let run = 0; run < 100; run++) pace.observe("mail", 1);
    expect(pace.ahead).toBeGreaterThan(400);
  });

  it("is none after a reset, until run times are known again", () => {
    const pace = grownPace();
    pace.observe("mail", 1);
    pace.reset();
    expect(pace.ahead).toBe(0);

    pace.observe("mail", 1);
    expect(pace.ahead).toBe(20);
  });

  it("is a whole number within its bounds, whatever is observed", () => {
    const ms = fc.double({ min: 0, max: 1e9, noNaN: true });
    const count = fc.integer({ min: 1, max: 10_000 });
    const concurrency = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(concurrency, fc.array(fc.tuple(ms, count)), (many, observed) => {
        const pace = new Pace(many);
        for (const [time, claimed] of observed) {
          pace.claimed(MAIL, claimed);
          pace.observe("mail", time);
          expect(Number.isInteger(pace.ahead)).toBe(true);
          expect(pace.ahead).toBeGreaterThanOrEqual(0);
          expect(pace.ahead).toBeLessThanOrEqual(Math.min(1000, 2 * Math.max(many, claimed)));
        }
      }),
    );
  });
});
