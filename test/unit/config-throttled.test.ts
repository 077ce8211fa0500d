import { describe, expect, it, vi } from "vitest";
import { throttled } from "../../src/config/throttled.ts";
import type { Duration } from "../../src/job/duration.ts";

/** A throttled loader that answers how often it was asked, and a clock to set. */
function setUp(period?: Duration) {
  const clock = { now: 1000 };
  const asked: string[] = [];
  const loader = (environment: string) => ({ mail: asked.push(environment) });
  return { clock, asked, load: throttled(loader, period, () => clock.now) };
}

describe("throttled", () => {
  it("passes on what the loader answers", async () => {
    const { load, asked } = setUp();

    expect(await load("production")).toEqual({ mail: 1 });
    expect(asked).toEqual(["production"]);
  });

  it("remembers that until more than a period has gone by", async () => {
    const { load, clock } = setUp();

    await load("test");
    clock.now += 10_000;
    expect(await load("test")).toEqual({ mail: 1 });
    clock.now += 1;
    expect(await load("test")).toEqual({ mail: 2 });
    expect(await load("test")).toEqual({ mail: 2 });
  });

  it("takes another period, and no notice of the environment", async () => {
    const { load, clock } = setUp("1m");

    await load("test");
    clock.now += 60_000;
    expect(await load("other")).toEqual({ mail: 1 });
    clock.now += 1;
    expect(await load("other")).toEqual({ mail: 2 });
  });

  it("asks again after a reset", async () => {
    const { load } = setUp();

    await load("test");
    load.reset();
    expect(await load("test")).toEqual({ mail: 2 });
  });

  it("passes a reset on where it is understood", () => {
    const reset = vi.fn<() => void>();
    const loader = Object.assign(() => ({}), { reset });

    throttled(throttled(loader)).reset();
    expect(reset).toHaveBeenCalledOnce();
    expect(() => throttled(() => ({})).reset()).not.toThrow();
  });

  it("asks again when the loader threw, also later", async () => {
    const answers = [() => Promise.reject(new Error("no")), () => Promise.resolve({ mail: 2 })];
    const load = throttled(() => answers.shift()?.() ?? {});

    await expect(load("test")).rejects.toThrow("no");
    expect(await load("test")).toEqual({ mail: 2 });
  });
});
