import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { defineJob } from "../../src/job/define-job.ts";
import { runInline } from "../../src/testing/index.ts";

const add = defineJob({
  name: "add",
  input: z.object({ a: z.number(), b: z.string().transform(Number) }),
  perform: ({ a, b }) => ({ sum: a + b, at: new Date(0) }),
});

const failing = defineJob({
  name: "failing",
  attempts: 3,
  backoff: { type: "fixed", delay: "5s" },
  perform() {
    throw new RangeError("too far");
  },
});

describe("a job that is run inline", () => {
  it("is given what its schema makes of the payload, and its result is read back from JSON", async () => {
    const run = await runInline(add, { a: 1, b: "2" });

    expect(run).toEqual({
      state: "completed",
      result: { sum: 3, at: "1970-01-01T00:00:00.000Z" },
      error: undefined,
      delayMs: undefined,
      logs: [],
      progress: undefined,
    });
    expectTypeOf(run.result).toEqualTypeOf<{ sum: number; at: Date } | undefined>();
  });

  it("is refused a payload that enqueue would refuse", async () => {
    const bad = { a: "1", b: "2" } as unknown as { a: number; b: string };
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const any = defineJob<unknown, undefined>({ name: "any", perform: () => undefined });

    await expect(runInline(add, bad)).rejects.toMatchObject({ code: "GANGER_PAYLOAD_INVALID" });
    await expect(runInline(any, cycle)).rejects.toMatchObject({ code: "GANGER_PAYLOAD_UNSERIALIZABLE" });
  });

  it("tells what it reported", async () => {
    const chatty = defineJob({
      name: "chatty",
      async perform(_: null, job) {
        job.log("one");
        job.progress(0.5);
        await Promise.resolve();
        job.log("two");
      },
    });

    expect(await runInline(chatty, null)).toMatchObject({ logs: ["one", "two"], progress: 0.5 });
  });

  it("is to be retried, or has failed, when it throws", async () => {
    const error = { name: "RangeError", message: "too far" };

    expect(await runInline(failing, null)).toMatchObject({ state: "retry", delayMs: 5000, error });
    expect(await runInline(failing, null, { attempt: 3 })).toMatchObject({
      state: "failed",
      delayMs: undefined,
      error,
    });
  });

  it("has failed when its result is no JSON", async () => {
    const odd = defineJob({ name: "odd", perform: () => 1n });

    expect(await runInline(odd, null)).toMatchObject({
      state: "failed",
      result: undefined,
      error: { code: "GANGER_PAYLOAD_UNSERIALIZABLE" },
    });
  });

  it("knows its circumstances", async () => {
    const curious = defineJob({
      name: "curious",
      queue: "mail",
      attempts: 9,
      perform: (_: null, { attempt, attempts, crashes, queue, name, interruptions, priority }) => [
        attempt,
        attempts,
        crashes,
        queue,
        name,
        interruptions,
        priority,
      ],
    });

    expect((await runInline(curious, null, { attempt: 4, crashes: 2 })).result).toEqual([
      4,
      9,
      2,
      "mail",
      "curious",
      0,
      0,
    ]);
  });
});

describe("the signal of a job that is run inline", () => {
  const obedient = defineJob({
    name: "obedient",
    perform: (_: null, { signal }) =>
      new Promise((resolve) => {
        if (signal.aborted) resolve("aborted");
        signal.addEventListener("abort", () => resolve("aborted"));
        setImmediate(() => resolve("went on"));
      }),
  });

  it("is aborted by that of the test", async () => {
    const controller = new AbortController();
    const run = runInline(obedient, null, { signal: controller.signal });
    queueMicrotask(() => controller.abort());

    expect(await run).toMatchObject({ result: "aborted" });
  });

  it("is let alone without one", async () => {
    expect(await runInline(obedient, null)).toMatchObject({ result: "went on" });
  });

  it("is aborted by one that was aborted before", async () => {
    expect(await runInline(obedient, null, { signal: AbortSignal.abort() })).toMatchObject({
      result: "aborted",
    });
  });
});
