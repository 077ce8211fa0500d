import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../../src/errors.ts";

const pages = ["errors.md", "errors-of-brokers.md"].map((name) =>
  readFileSync(`docs/reference/${name}`, "utf8"),
);
const sections = pages.flatMap((page) => page.split(/^## /m).slice(1));
const documented = pages.map((page) => Array.from(page.matchAll(/^## (.*)/gm), ([, code = ""]) => code));
const codes = Object.keys(ERROR_CODES);

describe("the pages of errors in docs/reference", () => {
  it("have one section per code", () => {
    expect(documented.flat().toSorted()).toEqual(codes.toSorted());
  });

  it("are in the order of the table", () => {
    expect(documented).toEqual(documented.map((page) => codes.filter((code) => page.includes(code))));
  });

  it.each(sections.map((section) => [section.split("\n")[0], section]))(
    "%s says what happened and what to do",
    (_, section) => {
      const [, happened = "", ...rest] = section.split("\n").filter(Boolean);

      expect(happened).toMatch(/^[A-Z`].{20,}/);
      expect(rest.join("\n")).toMatch(/^\*\*Do:\*\* [a-z]/m);
    },
  );

  it("name no code that there is not", () => {
    const named = pages.join("").match(/GANGER_[A-Z]+_[A-Z]+/g) ?? [];

    expect(named.filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});
