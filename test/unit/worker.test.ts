import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { GangerError } from "../../src/errors.ts";
import { defineJob } from "../../src/job/define-job.ts";
import { poll, Workshop } from "../support/workshop.ts";

const greet = defineJob({ name: "greet", perform: ({ name }: { name: string }) => `Hello, ${name}` });

const cycle: unknown[] = [];
cycle.push(cycle);

const soon = { type: "fixed", delay: 1 } as const;

describe("a job that returns", () => {
  it.each([
    ["at once", (n: number) => n + 1],
    ["later", async (n: number) => n + 1],
    ["later than that", (n: number) => delay(5, n + 1)],
  ])("%s is completed, and its result kept", async (_, perform) => {
    const increment = defineJob({ name: "increment", perform });
    await using workshop = await Workshop.start([increment]);
    const id = await workshop.client.enqueue(increment, 41);

    expect(await workshop.finished(id)).toMatchObject({ state: "completed", result: "42", attempts: 0 });
  });

  it("nothing has no result", async () => {
    const idle = defineJob({ name: "idle", perform: () => undefined });
    await using workshop = await Workshop.start([idle]);
    const id = await workshop.client.enqueue(idle, null);

    expect(await workshop.finished(id)).toMatchObject({ state: "completed", result: undefined });
  });

  it("is kept as long as its definition or its own options say", async () => {
    const brief = defineJob({ name: "brief", retention: { completed: "1m" }, perform: () => 1 });
    await using workshop = await Workshop.start([brief]);
    const ids = [
      await workshop.client.enqueue(brief, null),
      await workshop.client.enqueue(brief, null, { retention: { completed: "2m" } }),
    ];

    const kept = (await workshop.allFinished(ids)).map(
      ({ finishedAt, expiresAt }) => Number(expiresAt) - Number(finishedAt),
    );
    expect(kept).toEqual([60_000, 120_000]);
  });

  it.each([
    ["a cycle", "GANGER_PAYLOAD_UNSERIALIZABLE", () => cycle],
    ["a BigInt", "GANGER_PAYLOAD_UNSERIALIZABLE", () => 1n],
    ["a function", "GANGER_PAYLOAD_UNSERIALIZABLE", () => () => 1],
    ["more than a MiB", "GANGER_PAYLOAD_LARGE", () => "x".repeat(1_048_577)],
  ])("%s has failed, for its work is not to be done twice", async (_, code, perform) => {
    const odd = defineJob<unknown, unknown>({ name: "odd", perform });
    await using workshop = await Workshop.start([odd]);
    const id = await workshop.client.enqueue(odd, null);

    expect(await workshop.finished(id)).toMatchObject({ state: "failed", attempts: 1, error: { code } });
  });
});

describe("a job that throws", () => {
  it.each([
    [
      "at once",
      () => {
        throw new RangeError("no paper");
      },
    ],
    [
      "later",
      async () => {
        throw new RangeError("no paper");
      },
    ],
  ])("%s is run again until its attempts are used up", async (_, perform) => {
    const print = defineJob({ name: "print", attempts: 3, backoff: soon, perform });
    await using workshop = await Workshop.start([print]);
    const job = await workshop.finished(await workshop.client.enqueue(print, null));

    expect(job).toMatchObject({
      state: "failed",
      attempts: 3,
      error: { name: "RangeError", message: "no paper" },
    });
    expect(job.history.map(({ event }) => event)).toEqual(["retried", "retried", "failed"]);
  });

  it("knows which attempt it is, and is completed by one that succeeds", async () => {
    const seen: unknown[] = [];
    const flaky = defineJob({
      name: "flaky",
      backoff: soon,
      perform(_: null, { attempt, attempts }) {
        seen.push([attempt, attempts]);
        if (attempt < 3) throw new Error("not yet");
      },
    });
    await using workshop = await Workshop.start([flaky]);
    const id = await workshop.client.enqueue(flaky, null, { attempts: 5 });

    expect(await workshop.finished(id)).toMatchObject({ state: "completed", attempts: 2 });
    expect(seen).toEqual([
      [1, 5],
      [2, 5],
      [3, 5],
    ]);
  });

  it("waits as its backoff says, which may be a function of the failures and the error", async () => {
    const later = defineJob({
      name: "later",
      backoff: (failures, { message }) => (message === "busy" ? failures * 3_600_000 : 0),
      perform() {
        throw new Error("busy");
      },
    });
    await using workshop = await Workshop.start([later]);
    const id = await workshop.client.enqueue(later, null);
    await poll(() => workshop.stateOf(id)).toBe("scheduled");

    const { runAt, history } = await workshop.find(id);
    expect(Number(runAt) - Number(history[0]?.at)).toBe(3_600_000);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("oops");
      },
    ],
    ["returns no duration", () => Number.NaN],
  ])("is retried though its backoff function %s", async (_, backoff) => {
    const later = defineJob({
      name: "later",
      backoff,
      perform() {
        throw new Error("busy");
      },
    });
    await using workshop = await Workshop.start([later]);
    const id = await workshop.client.enqueue(later, null);

    await poll(() => workshop.stateOf(id)).toBe("scheduled");
  });
});

const queued = (payload: string) => [{ queue: "default", name: "strict", payload }];

describe("a payload", () => {
  const strict = defineJob({
    name: "strict",
    input: z.object({ id: z.string().transform(Number) }),
    perform: ({ id }) => id,
  });

  it("is handed over as its schema makes it", async () => {
    await using workshop = await Workshop.start([strict]);
    const id = await workshop.client.enqueue(strict, { id: "7" });

    expect(await workshop.finished(id)).toMatchObject({ result: "7" });
  });

  it.each([
    ['{"id":[]}', /id: .*expected string/],
    ["no JSON", /is no JSON/],
  ])("%s fails its job without using an attempt", async (payload, message) => {
    await using workshop = await Workshop.start([strict]);
    const [id = ""] = await workshop.broker.enqueue(queued(payload));

    expect(await workshop.finished(id)).toMatchObject({
      state: "failed",
      attempts: 0,
      error: { code: "GANGER_PAYLOAD_INVALID", message: expect.stringMatching(message) },
    });
  });

  it("of another job, refused while a job runs, is an ordinary error of that job", async () => {
    const nested = defineJob({
      name: "nested",
      attempts: 2,
      backoff: soon,
      perform() {
        throw new GangerError("GANGER_PAYLOAD_INVALID", "the payload of another job does not fit");
      },
    });
    await using workshop = await Workshop.start([nested]);
    const id = await workshop.client.enqueue(nested, null);

    expect(await workshop.finished(id)).toMatchObject({ state: "failed", attempts: 2 });
  });
});

describe("a job of an unknown name", () => {
  it("waits for a worker that knows it, and harms no other", async () => {
    await using workshop = await Workshop.start([greet]);
    const [unknown = ""] = await workshop.broker.enqueue([
      { queue: "default", name: "nobody", payload: "1" },
    ]);
    const id = await workshop.client.enqueue(greet, { name: "Ada" });

    expect(await workshop.finished(id)).toMatchObject({ result: '"Hello, Ada"' });
    await poll(() => workshop.stateOf(unknown)).toBe("scheduled");
    expect((await workshop.find(unknown)).error).toMatchObject({ code: "GANGER_JOB_UNKNOWN" });
  });
});

describe("a worker", () => {
  it("is started once", async () => {
    await using workshop = await Workshop.start([greet]);

    await expect(workshop.worker.start()).rejects.toThrow("started once");
  });

  it.each([
    [{ concurrency: 0 }, "concurrency is 0"],
    [{ concurrency: 1.5 }, "concurrency is 1.5"],
    [{ ahead: -1 }, "ahead is -1"],
    [{ ahead: 1001 }, "ahead is 1001"],
    [{ order: "random" }, 'order is "random"'],
    [{ ttl: "1ms" }, "ttl is 1 ms"],
    [{ speed: 1 }, '"speed" is no option'],
  ])("is refused the options %j", (options, message) => {
    const create = () => new Workshop([greet], options as object);

    expect(create).toThrow(expect.objectContaining({ code: "GANGER_OPTION_INVALID" }));
    expect(create).toThrow(message);
  });
});
