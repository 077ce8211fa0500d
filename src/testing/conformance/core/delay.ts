import assert from "node:assert/strict";
import type { Bench, ConformanceCase } from "../case.ts";

/** Beyond the end of any case, in 2100. */
const LATE_MS = 4_102_444_800_000;
/** The last moment that a `Date` can be. */
const LAST_MS = 8_640_000_000_000_000;
const error = { name: "Error", message: "later" };

/** Makes all that is due waiting. Another may be faster on a store that is in use. */
async function moveDue({ maintenance }: Bench): Promise<number> {
  let total = 0;
  for (let moved = 1; moved > 0; total += moved) ({ moved } = await maintenance.due());
  return total;
}

/** When a job may run. */
export const delayCases: readonly ConformanceCase[] = [
  {
    name: "hands out no job before its delay has ended",
    async run({ fill, take }) {
      await fill(2, { delayMs: 60_000 });
      const [now] = await fill(1);

      assert.deepEqual(
        (await take("worker", 5)).map(({ id }) => id),
        [now],
      );
    },
  },
  {
    name: "hands out no job before its time",
    async run({ fill, take }) {
      await fill(2, { runAtMs: LATE_MS });

      assert.deepEqual(await take("worker", 5), []);
    },
  },
  {
    name: "hands out at once a job whose time is past, or whose delay is zero",
    async run({ fill, take }) {
      const ids = [...(await fill(1, { runAtMs: 1 })), ...(await fill(1, { delayMs: 0 }))];

      assert.deepEqual(
        (await take("worker", 5)).map(({ id }) => id),
        ids,
      );
    },
  },
  {
    name: "hands out a job once its delay has ended",
    needs: ["maintenance"],
    async run(bench) {
      const ids = await bench.fill(3, { delayMs: 40 });
      await bench.elapse(40);
      await moveDue(bench);

      const claims = await bench.take("worker", 5);
      assert.deepEqual(new Set(claims.map(({ id }) => id)), new Set(ids));
    },
  },
  {
    name: "leaves scheduled what is not due yet",
    needs: ["maintenance", "inspect"],
    async run(bench) {
      const { fill, take, elapse, inspect } = bench;
      const [late] = await fill(1, { delayMs: 60_000 });
      const [soon] = await fill(1, { delayMs: 30 });
      await elapse(30);
      await moveDue(bench);

      assert.deepEqual(
        (await take("worker", 5)).map(({ id }) => id),
        [soon],
      );
      assert.equal((await inspect.find(late ?? ""))?.state, "scheduled");
    },
  },
  {
    name: "hands out by priority what became due together",
    needs: ["maintenance"],
    async run(bench) {
      const { fill, take, elapse } = bench;
      const [low] = await fill(1, { delayMs: 30, priority: -5 });
      const [high] = await fill(1, { delayMs: 40, priority: 5 });
      const [middle] = await fill(1, { delayMs: 20 });
      const [never] = await fill(1, { priority: 1 });
      await elapse(60);
      await moveDue(bench);

      assert.deepEqual(
        (await take("worker", 5)).map(({ id }) => id),
        [high, never, middle, low],
      );
    },
  },
  {
    name: "says when a scheduled job is due",
    needs: ["inspect"],
    async run({ fill, inspect }) {
      const [timed] = await fill(1, { runAtMs: LATE_MS });
      const [delayed] = await fill(1, { delayMs: 60_000 });
      const [now] = await fill(1);

      const [a, b, c] = await Promise.all([timed, delayed, now].map((id) => inspect.find(id ?? "")));
      assert.deepEqual([a?.state, b?.state, c?.state], ["scheduled", "scheduled", "waiting"]);
      assert.equal(a?.runAt?.getTime(), LATE_MS);
      assert.equal(b?.runAt?.getTime(), (b?.enqueuedAt.getTime() ?? 0) + 60_000);
      assert.equal(c?.runAt, undefined);
    },
  },
  {
    name: "says how long until the next job is due",
    needs: ["maintenance"],
    requires: "private",
    async run({ fill, maintenance }) {
      assert.deepEqual(await maintenance.due(), { moved: 0, nextInMs: undefined });
      await fill(1, { delayMs: 60_000 });
      await fill(1, { delayMs: 40_000 });

      const { moved, nextInMs = 0 } = await maintenance.due();
      assert.equal(moved, 0);
      assert.ok(nextInMs > 30_000 && nextInMs <= 40_000, `${nextInMs} ms of 40,000`);
    },
  },
  {
    name: "makes thousands of jobs waiting that became due together, and counts them",
    needs: ["maintenance"],
    requires: "private",
    async run(bench) {
      const ids = await bench.fill(5000, { delayMs: 1 });
      await bench.elapse(1);

      assert.equal(await moveDue(bench), 5000);
      const claims = await bench.take("worker", 6000);
      assert.deepEqual(claims.map(({ id }) => id).sort(), [...ids].sort());
      assert.equal((await bench.maintenance.due()).nextInMs, undefined);
    },
  },
  {
    name: "counts each due job once when several look at the same time",
    needs: ["maintenance"],
    requires: "private",
    async run({ fill, elapse, maintenance, take }) {
      await fill(300, { delayMs: 1 });
      await elapse(1);

      const reports = await Promise.all(Array.from({ length: 8 }, () => maintenance.due()));

      assert.equal(
        reports.reduce((sum, { moved }) => sum + moved, 0),
        300,
      );
      assert.equal((await take("worker", 1000)).length, 300);
    },
  },
  {
    name: "keeps a retried job back until its delay has ended",
    needs: ["maintenance"],
    async run(bench) {
      const { start, settle, take, elapse } = bench;
      const claim = await start();
      await settle(claim, { kind: "retry", delayMs: 50, error });
      assert.deepEqual(await take("worker", 5), []);
      await elapse(50);
      await moveDue(bench);

      assert.deepEqual(
        (await take("worker", 5)).map(({ id, attempts }) => [id, attempts]),
        [[claim.id, 1]],
      );
    },
  },
  {
    name: "bears the longest delays there are, or refuses them",
    needs: ["maintenance", "inspect", "edit"],
    requires: "private",
    async run({ fill, maintenance, inspect, edit, queue, take }) {
      const ids = [...(await fill(1, { runAtMs: LAST_MS }))];
      const beyond = [
        { runAtMs: Number.MAX_SAFE_INTEGER },
        { delayMs: LAST_MS },
        { delayMs: Number.MAX_SAFE_INTEGER },
      ];
      for (const job of beyond) ids.push(...(await fill(1, job).catch(() => [])));

      assert.equal((await maintenance.due()).moved, 0);
      assert.equal((await inspect.list({ queue: queue(), state: "scheduled", limit: 9 })).length, ids.length);
      assert.deepEqual(await take("worker", 9), []);
      assert.deepEqual(
        await edit.cancel(ids),
        ids.map(() => true),
      );
      assert.deepEqual(await maintenance.due(), { moved: 0, nextInMs: undefined });
    },
  },
];
