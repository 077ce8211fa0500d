import assert from "node:assert/strict";
import type { Bench, ConformanceCase } from "../case.ts";
import { Listener } from "../listener.ts";

const error = { name: "Error", message: "…" };

/** Does something that is news to workers, and waits for the call that it must bring. */
async function assertWakes(
  { wakeups, eventually }: Bench,
  news: () => Promise<unknown>,
  by = wakeups,
): Promise<void> {
  await using listener = await Listener.open(by);
  // What happened before may still be announced: only a call after the news counts.
  await eventually(async () => {
    const before = listener.heard;
    await new Promise((resolve) => setImmediate(resolve));
    return listener.heard === before;
  });
  const before = listener.heard;
  await news();
  await eventually(() => listener.heard > before, 5000);
}

/** Idle workers are woken early. */
export const wakeupCases: readonly ConformanceCase[] = [
  {
    name: "wakes for a job in an empty queue",
    needs: ["wakeups"],
    async run(bench) {
      await assertWakes(bench, () => bench.fill(1));
      assert.equal((await bench.take("worker", 5)).length, 1);
    },
  },
  {
    name: "wakes for each queue that was empty",
    needs: ["wakeups"],
    async run(bench) {
      for (const queue of ["a", "b", "c"]) await assertWakes(bench, () => bench.fill(1, { queue }));
    },
  },
  {
    name: "wakes for a job that is due before all others",
    needs: ["wakeups"],
    async run(bench) {
      await bench.fill(1, { delayMs: 60_000 });
      await assertWakes(bench, () => bench.fill(1, { delayMs: 1 }));
    },
  },
  {
    name: "wakes for a job that became due",
    needs: ["wakeups", "maintenance"],
    requires: "private",
    async run(bench) {
      await bench.fill(1, { delayMs: 10 });
      await bench.elapse(10);
      await assertWakes(bench, () => bench.maintenance.due());
    },
  },
  {
    name: "wakes for a job that is to be retried, at once or later",
    needs: ["wakeups"],
    async run(bench) {
      const [now, later] = [await bench.start({}, "a"), await bench.start({}, "b")];
      await assertWakes(bench, () => bench.settle(now, { kind: "retry", delayMs: 0, error }));
      await assertWakes(bench, () => bench.settle(later, { kind: "retry", delayMs: 5, error }));
    },
  },
  {
    name: "wakes for a job that was given back or advanced",
    needs: ["wakeups"],
    async run(bench) {
      const [back, on] = [await bench.start({}, "a"), await bench.start({}, "b")];
      await assertWakes(bench, () => bench.settle(back, { kind: "released", started: false }));
      await assertWakes(bench, () => bench.settle(on, { kind: "advanced", queue: bench.queue("next") }));
    },
  },
  {
    name: "wakes for the jobs of a holder that was released",
    needs: ["wakeups"],
    async run(bench) {
      await bench.start({}, "dying");
      await assertWakes(bench, () => bench.release("dying", { kind: "crashed" }));
    },
  },
  {
    name: "wakes for a running job that was cancelled",
    needs: ["wakeups", "edit"],
    async run(bench) {
      const { id } = await bench.start();
      await assertWakes(bench, () => bench.edit.cancel([id]));
    },
  },
  {
    name: "wakes for a job that a person retries or moves",
    needs: ["wakeups", "edit"],
    async run(bench) {
      const claim = await bench.start();
      await bench.settle(claim, { kind: "failed", error });
      await assertWakes(bench, () => bench.edit.retry([claim.id]));
      await assertWakes(bench, () => bench.edit.move([claim.id], bench.queue("next")));
    },
  },
  {
    name: "wakes for what another connection does, and the other for this one's",
    needs: ["wakeups"],
    requires: "reopen",
    async run(bench) {
      const other = await bench.reopen();
      const job = { queue: bench.queue("other"), name: "task", payload: "1" };
      await assertWakes(bench, () => other.enqueue([job]));
      await assertWakes(bench, () => bench.fill(1), other.wakeups);
    },
  },
  {
    name: "names no queue whose job is scheduled",
    needs: ["wakeups"],
    async run({ wakeups, fill, queue, eventually }) {
      await using listener = await Listener.open(wakeups);
      await fill(1, { queue: "later", delayMs: 60_000 });
      await eventually(() => listener.names.includes(undefined));
      assert.equal(listener.names.includes(queue("later")), false);
    },
  },
  {
    name: "wakes all who listen, and nobody who stopped",
    needs: ["wakeups"],
    async run({ wakeups, fill, eventually }) {
      const stopped = await Listener.open(wakeups);
      await using first = await Listener.open(wakeups);
      await using second = await Listener.open(wakeups);
      await stopped[Symbol.asyncDispose]();
      stopped.heard = 0;
      await fill(1);

      await eventually(() => first.heard > 0 && second.heard > 0);
      assert.equal(stopped.heard, 0);
    },
  },
];
