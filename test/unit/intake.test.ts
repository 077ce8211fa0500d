import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Claim } from "../../src/broker/claim.ts";
import { createMemoryBroker } from "../../src/brokers/memory/open.ts";
import { Intake } from "../../src/worker/claim/intake.ts";
import { resolveWorkerOptions, type WorkerOptions } from "../../src/worker/options.ts";
import { interpose } from "../support/interpose.ts";

const HOLDER = "host:1:a";

function create(options: WorkerOptions = {}): Intake {
  return new Intake(
    resolveWorkerOptions({ queues: "a,b", concurrency: 10, holder: HOLDER, ...options }),
    undefined,
  );
}

const claims = (count: number, queue = "a"): readonly Claim[] =>
  Array.from({ length: count }, (_, n) => ({
    id: String(n + 1),
    token: 1,
    queue,
    name: "any",
    payload: "null",
    priority: 0,
    attempts: 0,
    interruptions: 0,
    crashes: 0,
    enqueuedAtMs: 0,
  }));

/** Whichever comes first. */
const any = () => true;

/** An intake that knows its jobs to take a tenth of a millisecond, and whose last claim brought this many. */
function quick(count: number, options?: WorkerOptions): Intake {
  const intake = create(options);
  intake.pace.observe("a", 0.1);
  intake.claimed(claims(count), { queues: ["a", "b"], limit: count, holder: HOLDER });
  intake.empty();
  return intake;
}

describe("what a worker asks for", () => {
  it("is as much as it has hands free while it knows nothing", async () => {
    expect(await create().next(10)).toEqual({ queues: ["a", "b"], limit: 10, holder: HOLDER });
    expect(await create().next(3)).toMatchObject({ limit: 3 });
    expect(await create().next(0)).toBeUndefined();
  });

  it("is more when jobs are short, and less by what it holds", async () => {
    const intake = quick(100);
    expect(await intake.next(10)).toMatchObject({ limit: 210 });

    intake.claimed(claims(50), { queues: ["a"], limit: 50, holder: HOLDER });
    intake.pace.claimed(new Set(["a"]), 100);
    expect(await intake.next(10)).toMatchObject({ limit: 160 });
  });

  it.each([
    ["strict", 210],
    ["fair", 105],
    ["weighted", 105],
  ] as const)("is a share of that where queues take turns: %s", async (order, limit) => {
    expect(await quick(100, { order }).next(10)).toMatchObject({ limit });
  });

  it("is nothing before half of what it holds has been started", () => {
    const intake = quick(100);
    intake.claimed(claims(150), { queues: ["a"], limit: 150, holder: HOLDER });
    intake.pace.claimed(new Set(["a"]), 100);
    expect(intake.wants(0)).toBe(false);

    for (let taken = 0; taken < 50; taken++) intake.take(any);
    expect(intake.size).toBe(100);
    expect(intake.wants(0)).toBe(true);
  });
});

describe("a worker that was brought less than it asked for", () => {
  it("asks no more until somebody wakes it", async () => {
    const intake = create();
    const request = await intake.next(10);
    intake.claimed(claims(3), request ?? { queues: [], limit: 10, holder: HOLDER });
    while (intake.take(any) !== undefined);
    expect(await intake.next(7)).toBeUndefined();

    intake.wake();
    expect(await intake.next(7)).toMatchObject({ limit: 7 });
  });

  it("asks again when it was woken meanwhile", async () => {
    const intake = create();
    const request = await intake.next(10);
    intake.wake();
    intake.claimed([], request ?? { queues: [], limit: 10, holder: HOLDER });

    expect(await intake.next(10)).toMatchObject({ limit: 10 });
  });
});

describe("what a worker holds", () => {
  it("is taken in the order of the claims, and given back as what is left", () => {
    const intake = create();
    const request = { queues: ["a"], limit: 2, holder: HOLDER };
    intake.claimed(claims(2), request);
    expect(intake.take(any)?.id).toBe("1");
    intake.claimed(claims(2, "b"), request);

    expect(intake.take(any)).toMatchObject({ id: "2", queue: "a" });
    expect(intake.empty().map(({ id, queue }) => `${queue}${id}`)).toEqual(["b1", "b2"]);
    expect([intake.size, intake.take(any)]).toEqual([0, undefined]);
  });
});

/** A worker's intake of a real broker, which is woken as by a store that names the queue that had nothing. */
function scene(options: WorkerOptions) {
  let asked = 0;
  const broker = createMemoryBroker();
  const { inspect } = interpose(broker, { "inspect.ready": () => asked++ });
  const intake = new Intake(resolveWorkerOptions({ concurrency: 2, holder: HOLDER, ...options }), inspect);
  const ready = async () => (await broker.inspect?.ready()) ?? [];
  return {
    intake,
    ready,
    asked: () => asked,
    put: async (queue: string) => {
      const isNews = !(await ready()).includes(queue);
      await broker.enqueue([{ queue, name: "any", payload: "null" }]);
      if (isNews) intake.wake(queue);
    },
    /** Takes what is asked for, if anything, and has it done. */
    turn: async () => {
      const before = await ready();
      const request = await intake.next(2);
      if (request === undefined) return { before, queues: [], taken: [] };
      await broker.heartbeat([{ holder: HOLDER, queues: "" }], 60_000);
      const claimed = await broker.claim(request);
      await broker.settle(claimed.map(({ id, token }) => ({ id, token, kind: "completed" })));
      intake.claimed(claimed, request);
      intake.empty();
      return { before, queues: request.queues, taken: claimed.map(({ queue }) => queue) };
    },
  };
}

describe("a worker that is told which queue has work", () => {
  it("asks the broker for none while it had nothing to do", async () => {
    const { intake, asked, put, turn } = scene({ queues: "a,*", ahead: 0 });
    expect(await turn()).toMatchObject({ queues: ["a"], taken: [] });
    await put("mail");

    expect(await turn()).toMatchObject({ queues: ["a", "mail"], taken: ["mail"] });
    expect([asked(), intake.wants(2)]).toEqual([1, false]);
  });

  it("takes from several in the order of the list, whichever was told of first", async () => {
    const { put, turn } = scene({ queues: "c,*", ahead: 0 });
    await turn();
    for (const queue of ["z", "a", "c"]) await put(queue);

    expect(await turn()).toMatchObject({ queues: ["c", "a", "z"], taken: ["c", "a"] });
  });

  it("takes no notice of a queue that it does not serve", async () => {
    const { intake, put, turn } = scene({ queues: "*,!low", ahead: 0 });
    await turn();
    await put("low");

    expect(intake.wants(2)).toBe(false);
  });

  it("asks the broker when there may be news of another kind, before or after", async () => {
    const { intake, asked, put, turn } = scene({ queues: "*", ahead: 0 });
    await turn();
    intake.wake();
    await put("mail");
    await turn();
    await put("mail");
    intake.wake();
    await turn();

    expect(asked()).toBe(3);
  });

  it.each(["strict", "fair", "weighted"] as const)(
    "leaves nothing behind, and no queue out that comes first: %s",
    async (order) => {
      const queue = fc.constantFrom("a", "b", "c", "d", "low");
      const steps = fc.array(fc.option(queue), { maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(steps, async (plan) => {
          const { intake, ready, put, turn } = scene({ queues: "c,*,!low", order, ahead: 0 });
          const assertTurn = async () => {
            const { before, queues, taken } = await turn();
            const served = before.filter((name) => name !== "low");
            if (queues.length === 0) return;
            expect(queues).toEqual(expect.arrayContaining(served));
            const first = order === "strict" && served.includes("c") ? "c" : taken[0];
            expect(taken[0]).toBe(first);
          };
          for (const step of plan) await (step === null ? assertTurn() : put(step));
          while (intake.wants(2)) await assertTurn();
          expect((await ready()).filter((name) => name !== "low")).toEqual([]);
        }),
        { numRuns: 200 },
      );
    },
  );
});
