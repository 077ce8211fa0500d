import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { QueueList } from "../../src/job/queue-list.ts";

describe("QueueList", () => {
  it.each([
    ["mail", [], ["mail"]],
    ["b,a", ["a", "b"], ["b", "a"]],
    [" b , a ,, ", [], ["b", "a"]],
    ["b,*", ["a", "b", "c"], ["b", "a", "c"]],
    ["*,b", ["a", "b", "c"], ["a", "b", "c"]],
    ["b,b", [], ["b"]],
    ["low_*,high", ["low_2", "low_1", "other"], ["low_2", "low_1", "high"]],
    ["*,!low_*", ["high", "low_1", "low_2"], ["high"]],
    ["!b,a,b", ["a", "b"], ["a"]],
    ["job?", ["job", "job1", "job12"], ["job1"]],
    ["[a-c]x", ["ax", "bx", "dx"], ["ax", "bx"]],
    ["[^a]x", ["ax", "bx"], ["bx"]],
    ["a.c*", ["a.c1", "abc1"], ["a.c1"]],
  ])("%s, with %j ready, takes from %j", (list, ready, expected) => {
    expect(QueueList.parse(list).resolve(ready)).toEqual(expected);
  });

  it.each([
    ["a,b,c", [], { a: 3, b: 2, c: 1 }],
    ["a=5,b", [], { a: 5, b: 1 }],
    ["*=2,mail=9", ["mail", "sms"], { mail: 2, sms: 2 }],
  ])("weighs %s", (list, ready, expected) => {
    const weighed = QueueList.parse(list).weigh(ready);

    expect(Object.fromEntries(weighed.map(({ queue, weight }) => [queue, weight]))).toEqual(expected);
  });

  it.each([
    ["", /names no queue/],
    [" , ", /names no queue/],
    ["!low", /names no queue/],
    ["bad name", /cannot name a queue/],
    ["a,-b", /cannot name a queue/],
    ["mail=0", /weight in "mail=0"/],
    ["mail=1.5", /weight in "mail=1.5"/],
    ["mail=1001", /weight/],
    ["mail=1=2", /weight/],
    ["mail=x", /weight/],
    ["a b*", /cannot name a queue/],
    ["!", /cannot name a queue/],
    ["[z-a]", /\[z-a\]/],
  ])("refuses %j", (list, message) => {
    expect(() => QueueList.parse(list)).toThrow(
      expect.objectContaining({ code: "GANGER_QUEUE_INVALID", message: expect.stringMatching(message) }),
    );
  });

  it("tells whether a queue is its business", () => {
    const list = QueueList.parse("mail,thumbs_*,!thumbs_huge");

    expect(["mail", "thumbs_1", "thumbs_huge", "other"].map((queue) => list.includes(queue))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it.each([
    ["a,b", false],
    ["a,*", true],
    ["a,!b", true],
  ])("knows whether %s depends on which queues have work", (list, isDynamic) => {
    expect(QueueList.parse(list).isDynamic).toBe(isDynamic);
  });

  it("names each queue once, only ones it includes, and reads its own label as itself", () => {
    const name = fc.constantFrom("a", "b", "low_1", "low_2", "c");
    const entry = fc.oneof(name, fc.constantFrom("*", "low_*", "?", "!b", "!low_*", "[ab]"));
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 6 }), fc.uniqueArray(name), (entries, ready) => {
        fc.pre(entries.some((item) => !item.startsWith("!")));
        const list = QueueList.parse(entries);
        const resolved = list.resolve(ready);
        expect(new Set(resolved).size).toBe(resolved.length);
        expect(resolved.filter((queue) => !list.includes(queue))).toEqual([]);
        expect(ready.filter((queue) => list.includes(queue) && !resolved.includes(queue))).toEqual([]);
        expect(QueueList.parse(list.label).resolve(ready)).toEqual(resolved);
      }),
    );
  });
});
