import { describe, expect, it } from "vitest";
import { toTimeoutMs, toWhole } from "../../src/broker/url-parameters.ts";

describe("timeout= of a URL", () => {
  it.each([
    [null, 5000],
    [undefined, 5000],
    ["1s", 1000],
    ["250ms", 250],
    ["10m", 600_000],
  ])("%s is %i ms", (text, ms) => {
    expect(toTimeoutMs(text, "5s")).toBe(ms);
  });

  it.each(["", "5", "99ms", "11m", "-1s", "1 s", "soon"])("is refused as %j, with an example", (text) => {
    expect(() => toTimeoutMs(text, "5s")).toThrow(
      expect.objectContaining({ code: "GANGER_URL_INVALID", hint: expect.stringContaining('"5s"') }),
    );
  });
});

describe("a whole number of a URL", () => {
  it("is read within its bounds", () => {
    expect([toWhole("connections", "1", [1, 50]), toWhole("connections", "50", [1, 50])]).toEqual([1, 50]);
  });

  it.each(["", " 1", "0", "51", "1.5", "1e1", "0x2"])(
    "is refused as %j, with its name and bounds",
    (text) => {
      expect(() => toWhole("connections", text, [1, 50])).toThrow(
        expect.objectContaining({
          message: expect.stringContaining(`connections=${text}`),
          hint: expect.stringContaining("1 to 50"),
        }),
      );
    },
  );
});
