import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../src/errors.ts";

const page = readFileSync("docs/reference/errors.md", "utf8");
const sections = page.split(/^## /m).slice(1);
const documented = sections.map((section) => section.split("\n")[0] ?? "");

describe("docs/reference/errors.md", () => {
  it("has one section per code, in the order of the table", () => {
    expect(documented).toEqual(Object.keys(ERROR_CODES));
  });

  it.each(sections.map((section) => [section.split("\n")[0], section]))(
    "%s says what happened and what to do",
    (_, section) => {
      const [, happened = "", ...rest] = section.split("\n").filter(Boolean);

      expect(happened).toMatch(/^[A-Z`].{20,}/);
      expect(rest.join("\n")).toMatch(/^\*\*Do:\*\* [a-z]/m);
    },
  );

  it("names no code that there is not", () => {
    const named = page.match(/GANGER_[A-Z]+_[A-Z]+/g) ?? [];

    expect(named.filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});
