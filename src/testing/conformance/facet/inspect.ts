import assert from "node:assert/strict";
import { JOB_STATES, type JobState } from "../../../job/states.ts";
import type { Bench, ConformanceCase } from "../case.ts";

const error = { name: "Error", message: "…" };

/** Jobs of every state but blocked in one queue, by state. */
async function everyState(bench: Bench, queue: string): Promise<Readonly<Partial<Record<JobState, string>>>> {
  const { start, settle, fill } = bench;
  const [completed, failed, cancelled, running] = [
    await start({ queue }),
    await start({ queue }),
    await start({ queue }),
    await start({ queue }),
  ];
  await settle(completed);
  await settle(failed, { kind: "failed", error });
  await settle(cancelled, { kind: "cancelled" });
  const [waiting = ""] = await fill(1, { queue });
  const [scheduled = ""] = await fill(1, { queue, delayMs: 60_000 });
  return {
    completed: completed.id,
    failed: failed.id,
    cancelled: cancelled.id,
    running: running.id,
    waiting,
    scheduled,
  };
}

/** What people and tools see. */
export const inspectCases: readonly ConformanceCase[] = [
  {
    name: "counts the jobs of a queue by state",
    needs: ["inspect"],
    async run(bench) {
      const { inspect, queue, fill } = bench;
      await everyState(bench, "all");
      await fill(3, { queue: "all" });
      await fill(2, { queue: "other" });

      const found = new Map((await inspect.queues()).map((each) => [each.queue, { ...each.counts }]));
      assert.deepEqual(found.get(queue("all")), {
        waiting: 4,
        scheduled: 1,
        blocked: 0,
        running: 1,
        completed: 1,
        failed: 1,
        cancelled: 1,
      });
      assert.equal(found.get(queue("other"))?.waiting, 2);
      assert.equal(found.has(queue("never")), false);
    },
  },
  {
    name: "lists queues in byte order, and those too that are empty by now",
    needs: ["inspect"],
    async run({ inspect, start, settle, queue, prefix }) {
      for (const name of ["b", "a", "B", "a-b", "a/b", "a.b", "a0"]) {
        await settle(await start({ queue: name }), { kind: "completed", keepMs: 0 });
      }

      const names = (await inspect.queues()).map((each) => each.queue);
      const own = names.filter((name) => name.startsWith(`${prefix}:`));
      assert.deepEqual(own, ["B", "a", "a-b", "a.b", "a/b", "a0", "b"].map(queue));
      assert.deepEqual(names, names.toSorted());
      const counts = (await inspect.queues()).find((each) => each.queue === queue("a"))?.counts;
      assert.deepEqual(
        counts && Object.values(counts),
        JOB_STATES.map(() => 0),
      );
    },
  },
  {
    name: "knows which queues have a job waiting, in byte order",
    needs: ["inspect"],
    async run({ inspect, fill, take, prefix, queue }) {
      await fill(1, { queue: "b" });
      await fill(1, { queue: "C" });
      await fill(2, { queue: "a" });
      await fill(1, { queue: "later", delayMs: 60_000 });
      await fill(1, { queue: "taken" });
      await take("worker", 1, ["taken"]);

      const ready = (await inspect.ready()).filter((name) => name.startsWith(`${prefix}:`));
      assert.deepEqual(ready, ["C", "a", "b"].map(queue));
    },
  },
  {
    name: "lists jobs oldest first, whatever their priority and state",
    needs: ["inspect"],
    async run({ inspect, fill, take, queue, start, settle }) {
      const first = await start();
      await settle(first);
      const low = await fill(2, { priority: -1 });
      const high = await fill(2, { priority: 9 });
      const later = await fill(1, { delayMs: 60_000 });
      await take("worker", 1);

      const found = await inspect.list({ queue: queue(), limit: 10 });
      assert.deepEqual(
        found.map(({ id }) => id),
        [first.id, ...low, ...high, ...later],
      );
    },
  },
  {
    name: "lists page after page without a gap or a repeat",
    needs: ["inspect"],
    async run({ inspect, fill, take, settleAll, queue }) {
      const ids = await fill(50);
      await settleAll(await take("worker", 20));
      await fill(5, { queue: "other" });

      for (const state of [undefined, "waiting", "completed"] as const) {
        const pages: string[] = [];
        for (let after: string | undefined, size = 7; size === 7; after = pages.at(-1)) {
          const page = await inspect.list({ queue: queue(), state, limit: 7, after });
          pages.push(...page.map(({ id }) => id));
          size = page.length;
        }
        const from = state === "waiting" ? 20 : 0;
        assert.deepEqual(pages, ids.slice(from, state === "completed" ? 20 : 50), `pages of ${state}`);
      }
    },
  },
  {
    name: "lists the jobs of one state",
    needs: ["inspect"],
    async run(bench) {
      const { inspect, queue } = bench;
      const ids = await everyState(bench, "all");
      await everyState(bench, "other");

      for (const state of JOB_STATES) {
        const found = await inspect.list({ queue: queue("all"), state, limit: 10 });
        const expected = ids[state] === undefined ? [] : [[ids[state], state]];
        assert.deepEqual(
          found.map((job) => [job.id, job.state]),
          expected,
        );
        const all = await inspect.list({ state, limit: 10 });
        assert.ok(all.every((job) => job.state === state));
      }
    },
  },
  {
    name: "lists by name and tag, together with queue and state",
    needs: ["inspect"],
    async run({ inspect, fill, queue, prefix }) {
      const tag = `${prefix} blue`;
      const [a] = await fill(1, { name: "mail", tags: [tag, "x"] });
      const [b] = await fill(1, { name: "mail", delayMs: 60_000, tags: [tag] });
      const [c] = await fill(1, { name: "print", queue: "other", tags: [tag] });
      await fill(1, { name: "mail", tags: [`${tag}ish`] });
      await fill(1, { name: "print" });
      const list = async (filter: object) =>
        (await inspect.list({ ...filter, limit: 10 })).map(({ id }) => id);

      assert.deepEqual(await list({ tag }), [a, b, c]);
      assert.deepEqual(await list({ tag, name: "mail" }), [a, b]);
      assert.deepEqual(await list({ tag, state: "waiting" }), [a, c]);
      assert.deepEqual(await list({ tag, queue: queue(), name: "mail", state: "scheduled" }), [b]);
      assert.deepEqual(await list({ tag, after: a }), [b, c]);
      assert.deepEqual(await list({ tag: "x", queue: queue() }), [a]);
      assert.deepEqual(await list({ queue: queue(), name: "nobody" }), []);
      assert.deepEqual(await list({ queue: queue("never") }), []);
    },
  },
  {
    name: "lists no more than asked for",
    needs: ["inspect"],
    async run({ inspect, fill, queue }) {
      await fill(5);

      assert.equal((await inspect.list({ queue: queue(), limit: 2 })).length, 2);
      assert.equal((await inspect.list({ queue: queue(), limit: 100 })).length, 5);
    },
  },
  {
    name: "lists finished jobs of many queues in one order",
    needs: ["inspect"],
    async run({ inspect, fill, take, settleAll, prefix }) {
      const ids: string[] = [];
      for (let n = 0; n < 12; n += 1) {
        ids.push(...(await fill(1, { queue: `q${(n * 5) % 4}`, tags: [prefix] })));
      }
      await settleAll(await take("worker", 20, ["q3", "q1", "q0", "q2"]));

      const first = await inspect.list({ tag: prefix, state: "completed", limit: 5 });
      const rest = await inspect.list({
        tag: prefix,
        state: "completed",
        limit: 20,
        after: first.at(-1)?.id,
      });
      assert.deepEqual(
        [...first, ...rest].map(({ id }) => id),
        ids,
      );
    },
  },
  {
    name: "peeks at what a claim hands out next, and leaves it there",
    needs: ["inspect"],
    async run({ inspect, broker, queue, take }) {
      const jobs = Array.from({ length: 30 }, (_, n) => ({
        queue: queue(),
        name: "task",
        payload: `${n}`,
        priority: (n * 3) % 4,
        ...(n % 7 === 0 ? { delayMs: 60_000 } : {}),
      }));
      await broker.enqueue(jobs);

      const peeked = await inspect.peek(queue(), 10);
      assert.ok(peeked.every(({ state }) => state === "waiting"));
      assert.deepEqual(
        peeked.map(({ id }) => id),
        (await take("worker", 10)).map(({ id }) => id),
      );
      assert.equal((await inspect.peek(queue(), 100)).length, 25 - 10);
      assert.deepEqual(await inspect.peek(queue("never"), 10), []);
    },
  },
];
