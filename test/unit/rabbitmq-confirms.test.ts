import fc from "fast-check";
import { expect, it } from "vitest";
import { Confirms } from "../../src/brokers/rabbitmq/confirms.ts";
import { Mentions } from "../../src/brokers/rabbitmq/mentions.ts";

const answers = fc.array(fc.record({ number: fc.integer({ min: 1, max: 30 }), isMultiple: fc.boolean() }), {
  maxLength: 60,
});

it("ends a batch of publications when each of it is answered, alone or with those before it", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 8 }), answers, (sizes, given) => {
      const confirms = new Confirms();
      const ended = new Set<number>();
      for (const [batch, size] of sizes.entries()) confirms.expect(size, () => void ended.add(batch));
      const answered = new Set<number>();
      for (const { number, isMultiple } of given) {
        confirms.answered(number, isMultiple);
        for (let each = isMultiple ? 1 : number; each <= number; each++) answered.add(each);
        let first = 1;
        for (const [batch, size] of sizes.entries()) {
          const numbers = Array.from({ length: size }, (_, place) => first + place);
          expect(ended.has(batch)).toBe(numbers.every((each) => answered.has(each)));
          first += size;
        }
      }
    }),
  );
});

it("ends a batch with the error of the one that was refused", () => {
  const confirms = new Confirms();
  const told: unknown[] = [];
  for (const size of [2, 3]) confirms.expect(size, (error) => told.push(error));
  const refused = new Error("refused");
  confirms.answered(4, false, refused);
  expect(told).toEqual([refused]);
  confirms.answered(2, true);
  expect(told).toEqual([refused, undefined]);
});

it("refuses no batch for those of it that were confirmed before", () => {
  const confirms = new Confirms();
  const told: unknown[] = [];
  for (const size of [3, 2]) confirms.expect(size, (error) => told.push(error));
  confirms.answered(1, true);
  confirms.answered(2, false);
  confirms.answered(4, false);
  const refused = new Error("refused");
  for (const number of [1, 2, 4]) confirms.answered(number, false, refused);
  confirms.answered(2, true, refused);
  expect(told).toEqual([]);
  confirms.answered(4, true, refused);
  expect(told).toEqual([refused, undefined]);
});

it("notes when a batch came further, by what was written up to its end alone", () => {
  const confirms = new Confirms();
  const [first, second, third] = [1, 1, 1].map((size) => confirms.expect(size, () => undefined));
  for (const batch of [first, second, third]) if (batch !== undefined) batch.at = 0;

  confirms.answered(2, false);
  expect(first?.at).toBe(0);
  expect(third?.at).toBeGreaterThan(0);
});

it("names the queues that there is news of, and none where there are many", () => {
  const mentions = new Mentions();
  for (const queue of ["a", "b", "a"]) mentions.add(queue);
  expect(mentions.take()).toEqual(["a", "b"]);
  expect(mentions.take()).toEqual([]);
  mentions.add("a");
  mentions.add();
  expect(mentions.take()).toEqual([undefined]);
  for (let n = 0; n < 100; n++) mentions.add(`queue${n}`);
  expect(mentions.take()).toEqual([undefined]);
});
