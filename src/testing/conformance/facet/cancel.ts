import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

const error = { name: "Error", message: "…" };

/** Jobs that somebody no longer wants. */
export const cancelCases: readonly ConformanceCase[] = [
  {
    name: "never hands out a job that was cancelled while it waited",
    needs: ["edit", "inspect"],
    async run({ fill, take, edit, inspect }) {
      const [id = "", other] = await fill(2);
      assert.deepEqual(await edit.cancel([id]), [true]);

      assert.deepEqual(
        (await take("worker", 5)).map((claim) => claim.id),
        [other],
      );
      const job = await inspect.find(id);
      assert.equal(job?.state, "cancelled");
      assert.ok(job.finishedAt && job.expiresAt && job.expiresAt > job.finishedAt, "it is kept for a time");
      assert.equal(job.history.at(-1)?.event, "cancelled");
    },
  },
  {
    name: "never makes a job due that was cancelled while it was scheduled",
    needs: ["edit", "maintenance", "inspect"],
    async run({ fill, take, edit, elapse, maintenance, inspect }) {
      const [id = ""] = await fill(1, { delayMs: 200 });
      assert.deepEqual(await edit.cancel([id]), [true]);
      await elapse(200);
      await maintenance.due();

      assert.deepEqual(await take("worker", 5), []);
      assert.equal((await inspect.find(id))?.state, "cancelled");
    },
  },
  {
    name: "takes the claim of a running job that is cancelled",
    needs: ["edit", "inspect"],
    async run({ start, settle, take, edit, inspect }) {
      const claim = await start();
      assert.deepEqual(await edit.cancel([claim.id]), [true]);

      assert.deepEqual(await edit.annotate([{ id: claim.id, token: claim.token }]), [false]);
      assert.equal(await settle(claim, { kind: "completed", result: "1" }), false);
      assert.equal(await settle(claim, { kind: "retry", delayMs: 0, error }), false);
      const job = await inspect.find(claim.id);
      assert.deepEqual([job?.state, job?.result, job?.holder], ["cancelled", undefined, undefined]);
      assert.deepEqual(await take("worker", 5), []);
    },
  },
  {
    name: "gives nobody a cancelled job back when its holder dies or leaves",
    needs: ["edit", "inspect"],
    async run({ start, release, take, edit, inspect }) {
      const claim = await start({ maxCrashes: 1 });
      const other = await start();
      await edit.cancel([claim.id]);

      assert.deepEqual(await release(undefined, { kind: "interrupted", started: [claim.id] }), {
        waiting: [other.id],
        poisoned: [],
      });
      assert.equal((await inspect.find(claim.id))?.state, "cancelled");
      assert.equal((await take("other", 5)).length, 1);
    },
  },
  {
    name: "cancels a job that waits for its retry",
    needs: ["edit", "inspect"],
    async run({ start, settle, edit, inspect }) {
      const claim = await start();
      await settle(claim, { kind: "retry", delayMs: 60_000, error });

      assert.deepEqual(await edit.cancel([claim.id]), [true]);
      assert.equal((await inspect.find(claim.id))?.state, "cancelled");
    },
  },
  {
    name: "cancels no job that is finished",
    needs: ["edit", "inspect"],
    async run({ start, settle, edit, inspect }) {
      const completed = await start();
      await settle(completed);
      const failed = await start();
      await settle(failed, { kind: "failed", error });
      const cancelled = await start();
      await settle(cancelled, { kind: "cancelled" });

      const ids = [completed.id, failed.id, cancelled.id];
      assert.deepEqual(await edit.cancel(ids), [false, false, false]);
      const states = await Promise.all(ids.map(async (id) => (await inspect.find(id))?.state));
      assert.deepEqual(states, ["completed", "failed", "cancelled"]);
    },
  },
  {
    name: "answers for each job of a cancellation, known or not, named once or twice",
    needs: ["edit"],
    async run({ fill, take, edit }) {
      const [a = "", b = ""] = await fill(2);

      assert.deepEqual(await edit.cancel([a, "nothing", b, a, ""]), [true, false, true, false, false]);
      assert.deepEqual(await edit.cancel([]), []);
      assert.deepEqual(await take("worker", 5), []);
    },
  },
  {
    name: "either completes or cancels a job when both come at once",
    needs: ["edit", "inspect"],
    async run({ fill, take, settle, edit, inspect }) {
      await fill(40);
      const claims = await take("worker", 40);

      const answers = await Promise.all(
        claims.flatMap((claim, n) => {
          const settling = () => settle(claim);
          const cancelling = async () => (await edit.cancel([claim.id]))[0];
          return n % 2 === 0 ? [settling(), cancelling()] : [cancelling(), settling()];
        }),
      );

      for (const [n, { id }] of claims.entries()) {
        const [first, second] = answers.slice(2 * n, 2 * n + 2);
        assert.notEqual(first, second, "exactly one of the two counts");
        const settled = n % 2 === 0 ? first : second;
        assert.equal((await inspect.find(id))?.state, settled === true ? "completed" : "cancelled");
      }
    },
  },
  {
    name: "cancels for good while others claim",
    needs: ["edit", "inspect"],
    async run({ fill, take, settle, edit, inspect }) {
      const ids = await fill(60);

      const [cancelled, ...batches] = await Promise.all([
        edit.cancel(ids),
        ...Array.from({ length: 6 }, (_, n) => take(`worker-${n}`, 10)),
      ]);

      assert.ok(cancelled.every(Boolean));
      for (const claim of batches.flat()) assert.equal(await settle(claim), false);
      for (const id of ids) assert.equal((await inspect.find(id))?.state, "cancelled");
    },
  },
];
