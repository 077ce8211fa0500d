import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const MAX_LINES = 300;
const MAX_MEDIAN = 80;

const sizes = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, lines: linesOfCode(join("src", file)) }))
  .sort((a, b) => a.lines - b.lines);

it(`no file of src has more than ${MAX_LINES} lines of code`, () => {
  expect(sizes.filter(({ lines }) => lines > MAX_LINES)).toEqual([]);
});

it(`the median file of src has at most ${MAX_MEDIAN} lines of code`, () => {
  expect(sizes[Math.floor(sizes.length / 2)]?.lines).toBeLessThanOrEqual(MAX_MEDIAN);
});

function linesOfCode(file: string): number {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => !/^\s*(?:\/\/.*|\/?\*.*)?$/.test(line)).length;
}
