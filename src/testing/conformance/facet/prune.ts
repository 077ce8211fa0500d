import assert from "node:assert/strict";
import type { Maintenance, PruneBounds } from "../../../broker/maintenance.ts";
import type { Bench, ConformanceCase } from "../case.ts";

const error = { name: "Error", message: "…" };

/** Bounds that nothing reaches: on a store in use a case deletes what is past its time, and nothing else. */
const UNBOUNDED: PruneBounds = {
  completed: Number.MAX_SAFE_INTEGER,
  failed: Number.MAX_SAFE_INTEGER,
  cancelled: Number.MAX_SAFE_INTEGER,
};

async function pruneAll(maintenance: Maintenance, bounds: PruneBounds): Promise<number> {
  let total = 0;
  for (let more = true; more; ) {
    const report = await maintenance.prune(bounds);
    total += report.deleted;
    more = report.more;
  }
  return total;
}

/** Runs as many jobs to their end, one after the other; resolves with their ids, the oldest first. */
async function finish(
  bench: Bench,
  amount: number,
  kind: "completed" | "failed" | "cancelled",
  queue = "main",
) {
  const ids = await bench.fill(amount, { queue });
  for (const claim of await bench.take("worker", amount, [queue])) {
    await bench.settle(claim, kind === "failed" ? { kind, error } : { kind });
  }
  return ids;
}

async function left({ inspect }: Bench, ids: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(ids.map((id) => inspect.find(id)));
  return found.flatMap((job) => (job === undefined ? [] : [job.id]));
}

/** How finished jobs go. */
export const pruneCases: readonly ConformanceCase[] = [
  {
    name: "deletes a finished job when its time is over, and not before",
    needs: ["maintenance", "inspect"],
    async run(bench) {
      const { start, settle, elapse, maintenance } = bench;
      const [short, failed, long] = [await start(), await start(), await start()];
      await settle(short, { kind: "completed", result: "1", keepMs: 40 });
      await settle(failed, { kind: "failed", error, keepMs: 40 });
      await settle(long, { kind: "completed", keepMs: 60_000 });
      const ids = [short.id, failed.id, long.id];
      await elapse(40);
      await pruneAll(maintenance, UNBOUNDED);

      assert.deepEqual(await left(bench, ids), [long.id]);
    },
  },
  {
    name: "keeps a finished job for a day or more unless its outcome says otherwise",
    needs: ["maintenance", "inspect"],
    async run(bench) {
      const ids = [
        ...(await finish(bench, 1, "completed")),
        ...(await finish(bench, 1, "failed")),
        ...(await finish(bench, 1, "cancelled")),
      ];
      await pruneAll(bench.maintenance, UNBOUNDED);

      assert.deepEqual(await left(bench, ids), ids);
      for (const id of ids) {
        const { finishedAt, expiresAt } = (await bench.inspect.find(id)) ?? {};
        assert.ok(finishedAt && expiresAt && expiresAt.getTime() - finishedAt.getTime() >= 86_400_000);
      }
    },
  },
  {
    name: "deletes thousands of jobs whose time is over",
    needs: ["maintenance", "inspect"],
    slow: true,
    async run({ fill, take, settleAll, elapse, maintenance, inspect, queue }) {
      await fill(12_000, { payload: "1" });
      for (const limit of [6000, 6000]) {
        await settleAll(await take("worker", limit), { kind: "completed", keepMs: 1 });
      }
      await elapse(1);
      await pruneAll(maintenance, UNBOUNDED);

      assert.deepEqual(await inspect.list({ queue: queue(), limit: 5 }), []);
      const { counts } = (await inspect.queues()).find((found) => found.queue === queue()) ?? {};
      assert.equal(counts?.completed, 0);
    },
  },
  {
    name: "keeps the newest finished jobs of a queue, as many as it may",
    needs: ["maintenance", "inspect"],
    requires: "private",
    async run(bench) {
      const ids = await finish(bench, 10, "completed");
      const deleted = await pruneAll(bench.maintenance, { ...UNBOUNDED, completed: 3 });

      assert.equal(deleted, 7);
      assert.deepEqual(await left(bench, ids), ids.slice(-3));
    },
  },
  {
    name: "bounds each queue by itself",
    needs: ["maintenance", "inspect"],
    requires: "private",
    async run(bench) {
      const few = await finish(bench, 2, "completed", "few");
      const many = await finish(bench, 6, "completed", "many");
      await pruneAll(bench.maintenance, { ...UNBOUNDED, completed: 2 });

      assert.deepEqual(await left(bench, few), few);
      assert.deepEqual(await left(bench, many), many.slice(-2));
    },
  },
  {
    name: "bounds completed, failed and cancelled jobs each by their own",
    needs: ["maintenance", "inspect"],
    requires: "private",
    async run(bench) {
      const completed = await finish(bench, 4, "completed");
      const failed = await finish(bench, 4, "failed");
      const cancelled = await finish(bench, 4, "cancelled");
      await pruneAll(bench.maintenance, { completed: 1, failed: 2, cancelled: 3 });

      assert.deepEqual(await left(bench, completed), completed.slice(-1));
      assert.deepEqual(await left(bench, failed), failed.slice(-2));
      assert.deepEqual(await left(bench, cancelled), cancelled.slice(-3));
    },
  },
  {
    name: "deletes no job that is not finished, however tight the bounds",
    needs: ["maintenance", "inspect"],
    requires: "private",
    async run(bench) {
      const { fill, start, maintenance } = bench;
      const running = await start();
      const ids = [running.id, ...(await fill(2)), ...(await fill(2, { delayMs: 60_000 }))];

      assert.equal(await pruneAll(maintenance, { completed: 0, failed: 0, cancelled: 0 }), 0);
      assert.deepEqual(await left(bench, ids), ids);
      assert.equal(await bench.settle(running), true);
    },
  },
  {
    name: "deletes thousands over the bound, some at a time, and says when it is done",
    needs: ["maintenance", "inspect"],
    requires: "private",
    slow: true,
    async run({ fill, take, settleAll, maintenance, inspect, queue }) {
      await fill(9000, { payload: "1" });
      await settleAll(await take("worker", 9000));

      assert.equal(await pruneAll(maintenance, { completed: 10, failed: 0, cancelled: 0 }), 8990);
      assert.equal((await inspect.list({ queue: queue(), limit: 100 })).length, 10);
      assert.deepEqual(await maintenance.prune(UNBOUNDED), { deleted: 0, more: false });
    },
  },
];
