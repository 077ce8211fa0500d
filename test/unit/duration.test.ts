import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Duration, toMs } from "../../src/job/duration.ts";

describe("toMs", () => {
  it.each<[Duration, number]>([
    [0, 0],
    [1500, 1500],
    ["500ms", 500],
    ["30s", 30_000],
    ["1.5h", 5_400_000],
    ["5m", 300_000],
    ["7d", 604_800_000],
    ["0.4ms", 0],
    ["36600d", 36_600 * 86_400_000],
  ])("reads %s as %s ms", (duration, ms) => {
    expect(toMs(duration)).toBe(ms);
  });

  it.each<[unknown]>([
    [""],
    ["s"],
    ["30"],
    ["30 s"],
    ["-1s"],
    ["1e3s"],
    [".5s"],
    ["5S"],
    ["5sec"],
    ["30s\n"],
    ["5toString"],
    [-1],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    ["36601d"],
  ])("refuses %j and says what is allowed", (duration) => {
    expect(() => toMs(duration as Duration, "delay")).toThrow(
      expect.objectContaining({
        code: "GANGER_DURATION_INVALID",
        message: expect.stringMatching(/^delay is /),
        hint: expect.stringContaining('"30s"'),
      }),
    );
  });

  it("gives whole milliseconds that grow with the amount, in every unit", () => {
    const amount = fc.nat({ max: 30_000 });
    const unit = fc.constantFrom("ms", "s", "m", "h", "d");
    fc.assert(
      fc.property(amount, amount, unit, (a, b, suffix) => {
        const [first, second] = [toMs(`${a}${suffix}` as Duration), toMs(`${b}${suffix}` as Duration)];
        expect(Number.isInteger(first)).toBe(true);
        expect(Math.sign(first - second)).toBe(Math.sign(a - b));
      }),
    );
  });
});
