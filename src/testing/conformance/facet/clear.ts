import assert from "node:assert/strict";
import { JOB_STATES, type JobState } from "../../../job/states.ts";
import type { Bench, ConformanceCase } from "../case.ts";

const error = { name: "Error", message: "…" };

/** Two jobs of every state but blocked, in the main queue. */
async function fillStates({ fill, take, settle }: Bench): Promise<void> {
  await fill(8);
  const [a, b, c, d, e, f] = await take("worker", 8);
  assert.ok(a && b && c && d && e && f);
  for (const claim of [a, b]) await settle(claim);
  for (const claim of [c, d]) await settle(claim, { kind: "failed", error });
  for (const claim of [e, f]) await settle(claim, { kind: "cancelled" });
  await fill(2);
  await fill(2, { delayMs: 60_000 });
}

async function countsOf({ inspect, queue }: Bench): Promise<readonly number[]> {
  const { counts } = (await inspect.queues()).find((found) => found.queue === queue()) ?? {};
  return STATES.map((state) => counts?.[state] ?? 0);
}

const STATES = JOB_STATES.filter((state) => state !== "blocked");

/** How many jobs `clear` touches, and what `fillStates` leaves after it. */
const CLEARED: readonly (readonly [state: JobState | undefined, touched: number, left: readonly number[]])[] =
  [
    //                waiting, scheduled, running, completed, failed, cancelled
    [undefined, 10, [0, 0, 2, 0, 0, 4]],
    ["waiting", 2, [0, 2, 2, 2, 2, 4]],
    ["scheduled", 2, [2, 0, 2, 2, 2, 4]],
    ["blocked", 0, [2, 2, 2, 2, 2, 2]],
    ["running", 0, [2, 2, 2, 2, 2, 2]],
    ["completed", 2, [2, 2, 2, 0, 2, 2]],
    ["failed", 2, [2, 2, 2, 2, 0, 2]],
    ["cancelled", 2, [2, 2, 2, 2, 2, 0]],
  ];

/** Emptying a queue: cancels what is to run, deletes what is finished. */
export const clearCases: readonly ConformanceCase[] = [
  ...CLEARED.map(
    ([state, touched, left]): ConformanceCase => ({
      name: `clears a queue of ${state === undefined ? "all" : `its ${state} jobs`}, and no more`,
      needs: ["edit", "inspect"],
      async run(bench) {
        await fillStates(bench);

        assert.equal(await bench.edit.clear(bench.queue(), state), touched);
        assert.deepEqual(await countsOf(bench), left);
      },
    }),
  ),
  {
    name: "hands out nothing from a queue that was cleared, and takes the outcomes of what ran",
    needs: ["edit"],
    async run({ edit, start, fill, queue, take, settle }) {
      const running = await start();
      await fill(3);
      assert.equal(await edit.clear(queue()), 3);

      assert.deepEqual(await take("worker", 5), []);
      assert.equal(await settle(running), true);
    },
  },
  {
    name: "clears no other queue, and bears one that never was",
    needs: ["edit"],
    async run({ edit, fill, queue, take }) {
      await fill(2, { queue: "kept" });
      await fill(1);

      assert.equal(await edit.clear(queue("never")), 0);
      assert.equal(await edit.clear(queue()), 1);
      assert.equal((await take("worker", 5, ["kept"])).length, 2);
    },
  },
  {
    name: "clears thousands of jobs",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, fill, queue }) {
      await fill(5000, { payload: "1" });
      await fill(1000, { payload: "1", delayMs: 60_000 });

      assert.equal(await edit.clear(queue()), 6000);
      assert.equal(await edit.clear(queue()), 6000);
      assert.deepEqual(await inspect.list({ queue: queue(), limit: 1 }), []);
    },
  },
];
