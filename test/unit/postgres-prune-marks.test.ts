import { expect, test } from "vitest";
import { PruneMarks } from "../../src/brokers/postgres/prune-marks.ts";

test("goes on after what was deleted, for each queue and state", () => {
  const marks = new PruneMarks(() => 0);
  expect(marks.of(1, 4)).toBe(0);
  marks.advance(1, 4, 4000);
  expect([marks.of(1, 4), marks.of(1, 5), marks.of(2, 4)]).toEqual([4000, 0, 0]);
  marks.advance(1, 4, 0);
  expect(marks.of(1, 4)).toBe(0);
});

test("begins at the first again after two minutes, for jobs that ran long have low ids", () => {
  let now = 0;
  const marks = new PruneMarks(() => now);
  marks.advance(1, 4, 4000);
  now = 120_000;
  expect(marks.of(1, 4)).toBe(4000);
  now = 120_001;
  expect(marks.of(1, 4)).toBe(0);
  marks.advance(1, 4, 8000);
  now = 240_000;
  expect(marks.of(1, 4)).toBe(8000);
});
