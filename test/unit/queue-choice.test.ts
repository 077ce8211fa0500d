import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Broker } from "../../src/broker/broker.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { QueueList, type QueueOrder } from "../../src/job/queue-list.ts";
import { QueueChoice } from "../../src/worker/claim/queue-choice.ts";
import { Gate, type Hooks, interpose, unreachable } from "../support/interpose.ts";

afterEach(() => vi.useRealTimers());

/** The same dice for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function choose(list: string, order: QueueOrder, broker?: Broker, seed = 1): QueueChoice {
  return new QueueChoice(QueueList.parse(list), order, broker?.inspect, seeded(seed));
}

async function draws(choice: QueueChoice, times: number): Promise<readonly (readonly string[])[]> {
  const drawn: (readonly string[])[] = [];
  for (let time = 0; time < times; time++) drawn.push(await choice.next());
  return drawn;
}

/** A broker on which these queues have a job waiting. */
async function brokerWith(...queues: readonly string[]): Promise<Broker> {
  const broker = createMemoryBroker();
  await broker.enqueue(queues.map((queue) => ({ queue, name: "any", payload: "null" })));
  return broker;
}

describe("the order of queues", () => {
  it("is always that of the list when strict", async () => {
    const choice = choose("a,b,c", "strict");

    expect(await draws(choice, 2)).toEqual([
      ["a", "b", "c"],
      ["a", "b", "c"],
    ]);
    expect(choice.sharers).toBe(1);
  });

  it("begins with another queue each time when fair", async () => {
    const choice = choose("a,b,c", "fair");

    expect(await draws(choice, 4)).toEqual([
      ["a", "b", "c"],
      ["b", "c", "a"],
      ["c", "a", "b"],
      ["a", "b", "c"],
    ]);
    expect(choice.sharers).toBe(3);
  });

  it("has a queue first as often as its weight says when weighted", async () => {
    const drawn = await draws(choose("a=6,b=3,c=1", "weighted"), 10_000);
    const shareOf = (queue: string) => drawn.filter(([first]) => first === queue).length / drawn.length;

    expect(shareOf("a")).toBeCloseTo(0.6, 1);
    expect(shareOf("b")).toBeCloseTo(0.3, 1);
    expect(shareOf("c")).toBeCloseTo(0.1, 1);
  });

  it("is the same for the same dice, and another for others", async () => {
    const [one, same, other] = await Promise.all(
      [7, 7, 8].map((seed) => draws(choose("a,b,c,d", "weighted", undefined, seed), 20)),
    );

    expect(same).toEqual(one);
    expect(other).not.toEqual(one);
  });
});

describe.each(["weighted", "fair"] as const)("no queue of a %s list starves", (order) => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 12 });

  it("for each comes first now and then, and is never left out", async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.integer(), async (queues, seed) => {
        const drawn = await draws(choose(queues.join(","), order, undefined, seed), 2000);
        expect(new Set(drawn.map(([first]) => first))).toEqual(new Set(queues));
        for (const one of drawn) expect([...one].sort()).toEqual([...queues].sort());
      }),
      { numRuns: 15 },
    );
  });
});

describe("a list with patterns", () => {
  it.each(["strict", "weighted", "fair"] as const)("picks up a new queue when %s", async (order) => {
    await using broker = await brokerWith("mail_a");
    const choice = choose("mail_*", order, broker);
    expect(await choice.next()).toEqual(["mail_a"]);

    await broker.enqueue([{ queue: "mail_b", name: "any", payload: "null" }]);
    choice.expire();

    expect([...(await choice.next())].sort()).toEqual(["mail_a", "mail_b"]);
  });

  it("names a queue only while it has work", async () => {
    await using broker = await brokerWith("mail", "thumbs", "low");
    const choice = choose("thumbs,*,!low", "strict", broker);
    expect(await choice.next()).toEqual(["thumbs", "mail"]);

    await broker.edit?.clear("mail");
    choice.expire();

    expect(await choice.next()).toEqual(["thumbs"]);
  });

  it("asks again when the answer is old or something is new", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    let asked = 0;
    const before = { "inspect.ready": () => asked++ };
    const choice = choose("*", "strict", interpose(await brokerWith("mail"), before));
    await draws(choice, 5);
    expect(asked).toBe(1);

    vi.advanceTimersByTime(10);
    await draws(choice, 5);
    expect(asked).toBe(2);

    choice.expire();
    await draws(choice, 5);
    expect(asked).toBe(3);
  });

  it("goes by an answer that is a little old while it asks for another", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const gate = new Gate();
    const before: Hooks = {};
    const broker = await brokerWith("mail");
    const choice = choose("*", "strict", interpose(broker, before));
    await choice.next();
    await broker.enqueue([{ queue: "thumbs", name: "any", payload: "null" }]);
    before["inspect.ready"] = () => gate.opened;
    vi.advanceTimersByTime(20);
    expect(await draws(choice, 2)).toEqual([["mail"], ["mail"]]);

    gate.open();
    await new Promise(setImmediate);
    expect(await choice.next()).toEqual(["mail", "thumbs"]);
  });

  it("goes by no older one, and asks again when that could not be answered", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const before: Hooks = {};
    const choice = choose("*", "strict", interpose(await brokerWith("mail"), before));
    await choice.next();
    before["inspect.ready"] = unreachable;
    vi.advanceTimersByTime(20);
    expect(await choice.next()).toEqual(["mail"]);
    await new Promise(setImmediate);
    await expect(choice.next()).rejects.toThrow("did not answer");

    before["inspect.ready"] = undefined;
    expect(await choice.next()).toEqual(["mail"]);
    vi.advanceTimersByTime(1000);
    before["inspect.ready"] = unreachable;
    await expect(choice.next()).rejects.toThrow("did not answer");
  });

  it("waits for an answer under way that will do, and asks for no other", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const gate = new Gate();
    let asked = 0;
    const before: Hooks = { "inspect.ready": () => asked++ };
    const choice = choose("*", "strict", interpose(await brokerWith("mail"), before));
    await choice.next();
    before["inspect.ready"] = () => {
      asked++;
      return gate.opened;
    };
    vi.advanceTimersByTime(20);
    await choice.next();
    vi.advanceTimersByTime(100);
    const waiting = choice.next();
    gate.open();

    expect(await waiting).toEqual(["mail"]);
    expect(asked).toBe(2);
  });

  it("asks again when something is new that an answer under way may not have", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    await using broker = await brokerWith("mail");
    const choice = choose("*", "strict", broker);
    const early = choice.next();
    const added = broker.enqueue([{ queue: "thumbs", name: "any", payload: "null" }]);
    choice.expire();
    await Promise.all([early, added]);

    expect(await choice.next()).toEqual(["mail", "thumbs"]);
  });

  it("believes who knows which queues have work, and asks again after that", async () => {
    let asked = 0;
    const before = { "inspect.ready": () => asked++ };
    const choice = choose("thumbs,*,!low", "strict", interpose(await brokerWith("mail"), before));

    expect(await choice.next(["news", "low"])).toEqual(["thumbs", "news"]);
    expect(asked).toBe(0);
    expect(await choice.next()).toEqual(["thumbs", "mail"]);
  });

  it("cannot be served by a broker that cannot say which queues have work", () => {
    expect(() => choose("mail,*", "strict")).toThrow(
      expect.objectContaining({
        code: "GANGER_FACET_MISSING",
        message: expect.stringContaining('"mail,*"'),
      }),
    );
  });
});
