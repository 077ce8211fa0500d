import { expect, it } from "vitest";
import { texts } from "../../src/brokers/postgres/binary.ts";
import { patienceOf } from "../../src/brokers/postgres/patience.ts";

const MIB = 1_048_576;

it("gives a small call the time-out and hardly more", () => {
  expect(patienceOf(10_000, [1, null, "a text", texts(["a payload"])], 1)).toBeLessThan(10_010);
});

it("gives thousands of rows seconds more", () => {
  expect(patienceOf(10_000, [], 5000)).toBe(20_000);
});

it("gives 20 payloads of a mebibyte time to be compressed, as one array or as one text", () => {
  const payloads = Array.from({ length: 20 }, () => "x".repeat(MIB));

  expect(patienceOf(10_000, [texts(payloads)], 20)).toBeGreaterThan(15_000);
  expect(patienceOf(10_000, [payloads.join("")], 20)).toBeGreaterThan(15_000);
});
