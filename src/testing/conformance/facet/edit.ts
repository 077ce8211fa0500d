import assert from "node:assert/strict";
import { JOB_STATES } from "../../../job/states.ts";
import type { ConformanceCase } from "../case.ts";

const error = { name: "Error", message: "…" };

/** What people change about jobs. */
export const editCases: readonly ConformanceCase[] = [
  {
    name: "moves waiting jobs into another queue, at their age",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, fill, take, queue }) {
      const [old = "", other] = await fill(2);
      const [young] = await fill(1, { queue: "next" });
      assert.deepEqual(await edit.move([old], queue("next")), [true]);

      assert.equal((await inspect.find(old))?.queue, queue("next"));
      const claims = await take("worker", 5, ["next"]);
      assert.deepEqual(
        claims.map((claim) => [claim.id, claim.queue]),
        [
          [old, queue("next")],
          [young, queue("next")],
        ],
      );
      assert.deepEqual(
        (await take("worker", 5)).map(({ id }) => id),
        [other],
      );
    },
  },
  {
    name: "moves a scheduled job, which is due in the other queue then",
    needs: ["edit", "inspect", "maintenance"],
    async run({ edit, inspect, maintenance, fill, take, queue, elapse }) {
      const [id = ""] = await fill(1, { delayMs: 200 });
      assert.deepEqual(await edit.move([id], queue("next")), [true]);
      assert.deepEqual((await inspect.find(id))?.state, "scheduled");
      await elapse(200);
      await maintenance.due();

      assert.deepEqual(await take("worker", 5), []);
      assert.equal((await take("worker", 5, ["next"]))[0]?.id, id);
    },
  },
  {
    name: "moves and reorders no job that is running, finished or unknown",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, start, settle, queue }) {
      const [running, completed, failed] = [await start(), await start(), await start()];
      await settle(completed);
      await settle(failed, { kind: "failed", error });
      const ids = [running.id, completed.id, failed.id, "nothing"];

      assert.deepEqual(await edit.move(ids, queue("next")), [false, false, false, false]);
      assert.deepEqual(await edit.prioritize(ids, 9), [false, false, false, false]);
      for (const id of ids.slice(0, 3)) {
        const job = await inspect.find(id);
        assert.deepEqual([job?.queue, job?.priority], [queue(), 0]);
      }
      assert.equal(await settle(running), true);
    },
  },
  {
    name: "hands out jobs by the priority they were given later",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, fill, take }) {
      const [a = "", b = "", c = ""] = await fill(3);
      assert.deepEqual(await edit.prioritize([c, a], 5), [true, true]);
      assert.deepEqual(await edit.prioritize([a], -5), [true]);

      assert.equal((await inspect.find(a))?.priority, -5);
      assert.deepEqual(
        (await take("worker", 5)).map(({ id, priority }) => [id, priority]),
        [
          [c, 5],
          [b, 0],
          [a, -5],
        ],
      );
    },
  },
  {
    name: "keeps a priority that was given to a scheduled job until it is due",
    needs: ["edit", "maintenance"],
    async run({ edit, maintenance, fill, take, elapse }) {
      const [id = ""] = await fill(1, { delayMs: 200 });
      const [other] = await fill(1);
      assert.deepEqual(await edit.prioritize([id], 7), [true]);
      await elapse(200);
      await maintenance.due();

      assert.deepEqual(
        (await take("worker", 5)).map((claim) => claim.id),
        [id, other],
      );
    },
  },
  {
    name: "adds and removes tags in any state",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, fill, start, settle, queue }) {
      const [running, completed] = [
        await start({ tags: ["old", "keep"] }),
        await start({ tags: ["old", "keep"] }),
      ];
      await settle(completed);
      const [waiting = ""] = await fill(1, { tags: ["old", "keep"] });
      const [scheduled = ""] = await fill(1, { tags: ["old", "keep"], delayMs: 60_000 });
      const ids = [running.id, completed.id, waiting, scheduled];

      const answer = await edit.tag([...ids, "nothing"], { add: ["new", "keep"], remove: ["old", "absent"] });

      assert.deepEqual(answer, [true, true, true, true, false]);
      for (const id of ids) assert.deepEqual((await inspect.find(id))?.tags, ["keep", "new"]);
      assert.equal((await inspect.list({ queue: queue(), tag: "new", limit: 10 })).length, 4);
      assert.deepEqual(await inspect.list({ queue: queue(), tag: "old", limit: 10 }), []);
      await edit.tag(ids, { remove: ["keep", "new"] });
      assert.deepEqual((await inspect.find(waiting))?.tags, []);
    },
  },
  {
    name: "runs a failed job again that a person retries, as if it had never run",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, start, settle, take, release }) {
      const failed = await start();
      await settle(failed, { kind: "failed", error });
      const poisoned = await start({ maxCrashes: 1 }, "dying");
      await release("dying", { kind: "crashed" });
      assert.deepEqual(await edit.retry([failed.id, poisoned.id]), [true, true]);

      for (const { id } of [failed, poisoned]) {
        const job = await inspect.find(id);
        assert.deepEqual([job?.state, job?.finishedAt, job?.expiresAt], ["waiting", undefined, undefined]);
        assert.equal(job?.history.at(-1)?.event, "revived");
      }
      const claims = await take("other", 5);
      assert.deepEqual(
        claims.map(({ attempts, crashes }) => [attempts, crashes]),
        [
          [0, 0],
          [0, 0],
        ],
      );
      assert.deepEqual(await Promise.all(claims.map((claim) => settle(claim))), [true, true]);
    },
  },
  {
    name: "retries no job that has not failed",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, fill, start, settle }) {
      const [running, completed, cancelled] = [await start(), await start(), await start()];
      await settle(completed);
      await settle(cancelled, { kind: "cancelled" });
      const ids = [
        running.id,
        completed.id,
        cancelled.id,
        ...(await fill(1)),
        ...(await fill(1, { delayMs: 60_000 })),
      ];

      assert.deepEqual(await edit.retry([...ids, "nothing"]), [false, false, false, false, false, false]);
      const states = await Promise.all(ids.map(async (id) => (await inspect.find(id))?.state));
      assert.deepEqual(states, ["running", "completed", "cancelled", "waiting", "scheduled"]);
    },
  },
  {
    name: "retries a failed job once when it is named twice",
    needs: ["edit"],
    async run({ edit, start, settle, take }) {
      const claim = await start();
      await settle(claim, { kind: "failed", error });

      assert.deepEqual(await edit.retry([claim.id, claim.id]), [true, false]);
      assert.equal((await take("worker", 5)).length, 1);
    },
  },
  {
    name: "changes nothing for no ids",
    needs: ["edit"],
    async run({ edit, queue }) {
      assert.deepEqual(await edit.retry([]), []);
      assert.deepEqual(await edit.move([], queue()), []);
      assert.deepEqual(await edit.prioritize([], 1), []);
      assert.deepEqual(await edit.tag([], { add: ["a"] }), []);
      assert.deepEqual(await edit.annotate([]), []);
    },
  },
  {
    name: "shows a queue that jobs were moved into",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, fill, queue }) {
      const ids = await fill(2);
      await edit.move(ids, queue("fresh"));

      const found = new Map((await inspect.queues()).map((each) => [each.queue, each.counts]));
      assert.deepEqual([found.get(queue("fresh"))?.waiting, found.get(queue())?.waiting], [2, 0]);
      assert.deepEqual(
        JOB_STATES.filter((state) => found.get(queue())?.[state] !== 0),
        [],
      );
    },
  },
];
