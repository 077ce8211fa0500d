import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryWatch } from "../../src/worker/process/memory-watch.ts";

/** A process of which the test says how large it is. */
function watch() {
  const size = { bytes: 1000 };
  const memory = new MemoryWatch(() => size.bytes);
  memory.measure(0, []);
  const grow = (bytes: number, ended: readonly string[], running: readonly string[] = []) => {
    size.bytes += bytes;
    for (const name of ended) memory.ended(name);
    return memory.measure(
      0,
      running.map((name) => ({ name })),
    );
  };
  return { memory, grow };
}

describe("the growth of a process", () => {
  it("is shared by the jobs that ran meanwhile, each run alike", () => {
    const { memory, grow } = watch();

    expect(grow(600, ["leak", "leak", "other"])).toBe(1600);
    expect(memory.top()).toEqual([
      { name: "leak", bytes: 400 },
      { name: "other", bytes: 200 },
    ]);
  });

  it("is also due to jobs that go on, and to none of those before", () => {
    const { memory, grow } = watch();
    grow(0, ["before"]);
    grow(100, [], ["long"]);

    expect(memory.top()).toEqual([{ name: "long", bytes: 100 }]);
  });

  it("counts beyond the largest so far: garbage that comes and goes is nobody's", () => {
    const { memory, grow } = watch();
    grow(100, ["first"]);
    grow(-500, ["tidy"]);
    grow(500, ["sloppy"]);
    grow(50, ["leak"]);

    expect(memory.top()).toEqual([
      { name: "first", bytes: 100 },
      { name: "leak", bytes: 50 },
    ]);
  });

  it("is nobody's when nothing ran", () => {
    const { memory, grow } = watch();
    grow(100, []);

    expect(memory.top()).toEqual([]);
  });

  it("names the five that count most", () => {
    const { memory, grow } = watch();
    for (let n = 1; n <= 7; n++) grow(n, [`job ${n}`]);

    expect(memory.top().map(({ bytes }) => bytes)).toEqual([7, 6, 5, 4, 3]);
  });

  it("is shared out whole, whatever ran and whenever it was measured", () => {
    const names = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 30 });
    const steps = fc.array(fc.tuple(fc.integer({ min: -5000, max: 10_000 }), names, names));
    fc.assert(
      fc.property(steps, (all) => {
        const { memory, grow } = watch();
        const sizes = all.map(([bytes, ended, running]) => grow(bytes, ended, running));
        const shared = memory.top(10).reduce((sum, { bytes }) => sum + bytes, 0);
        // Each of four names is rounded.
        expect(Math.abs(shared - (Math.max(1000, ...sizes) - 1000))).toBeLessThanOrEqual(2);
        expect(memory.top(10).every(({ bytes }) => bytes >= 0)).toBe(true);
      }),
    );
  });

  it("is measured every 2 ms at most", () => {
    const { memory } = watch();
    memory.measure(100, []);

    expect([memory.isDue(101), memory.isDue(102)]).toEqual([false, true]);
  });
});
