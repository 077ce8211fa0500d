import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** Large numbers. */
export const scaleCases: readonly ConformanceCase[] = [
  {
    name: "serves 10,000 queues",
    needs: ["inspect"],
    requires: "private",
    slow: true,
    async run({ broker, queue, take, settleAll, inspect, prefix }) {
      const names = Array.from({ length: 10_000 }, (_, n) => `q${n}`);
      for (let from = 0; from < names.length; from += 2500) {
        const part = names.slice(from, from + 2500);
        await broker.enqueue(part.map((name) => ({ queue: queue(name), name: "task", payload: "1" })));
      }

      assert.deepEqual(await inspect.ready(), names.map(queue).sort());
      const own = (await inspect.queues()).filter((each) => each.queue.startsWith(`${prefix}:`));
      assert.equal(own.length, 10_000);
      const lone = await take("worker", 1, ["q9999"]);
      assert.equal(lone[0]?.queue, queue("q9999"));
      const claims = await take("worker", 10_000, names.toReversed());
      assert.deepEqual(
        claims.map((claim) => claim.queue),
        names.toReversed().slice(1).map(queue),
      );
      assert.deepEqual(await inspect.ready(), []);
      const settled = await settleAll([...lone, ...claims], { kind: "completed", keepMs: 0 });
      assert.equal(settled.filter(Boolean).length, 10_000);
    },
  },
  {
    name: "keeps 100,000 waiting jobs in order",
    needs: ["inspect"],
    slow: true,
    async run({ fill, take, settleAll, inspect, queue }) {
      const ids: string[] = [];
      for (let n = 0; n < 20; n += 1) ids.push(...(await fill(5000, { payload: "1" })));
      assert.equal(new Set(ids).size, 100_000);

      const counts = async () => (await inspect.queues()).find((found) => found.queue === queue())?.counts;
      assert.equal((await counts())?.waiting, 100_000);
      for (let from = 0; from < 20_000; from += 10_000) {
        const claims = await take("worker", 10_000);
        assert.deepEqual(
          claims.map(({ id }) => id),
          ids.slice(from, from + 10_000),
        );
        assert.ok((await settleAll(claims, { kind: "completed", keepMs: 0 })).every(Boolean));
      }
      assert.equal((await counts())?.waiting, 80_000);
      assert.equal((await inspect.peek(queue(), 1))[0]?.id, ids[20_000]);
    },
  },
  {
    name: "loses no job while many producers and claimers work at once",
    async run({ fill, take, settleAll }) {
      const produced = Promise.all(Array.from({ length: 40 }, () => fill(10)));
      const done: string[] = [];
      const work = async (name: string) => {
        for (let idle = 0; idle < 3; ) {
          const claims = await take(name, 9);
          const settled = await settleAll(claims);
          done.push(...claims.flatMap(({ id }, place) => (settled[place] === true ? [id] : [])));
          idle = claims.length === 0 ? idle + 1 : 0;
          if (claims.length === 0) await produced;
        }
      };
      await Promise.all(["a", "b", "c", "d", "e"].map(work));

      assert.deepEqual(done.sort(), (await produced).flat().sort());
    },
  },
  {
    name: "knows 1,000 holders at once",
    needs: ["inspect"],
    async run({ broker, holder, inspect, prefix, release, take, fill }) {
      const names = Array.from({ length: 1000 }, (_, n) => `worker-${n}`);
      await broker.heartbeat(
        names.map((name) => ({ holder: holder(name), queues: "*" })),
        60_000,
      );
      await fill(1);

      const own = (await inspect.holders()).filter((each) => each.holder.startsWith(`${prefix}:`));
      assert.equal(own.length, 1000);
      assert.ok(own.every(({ alive, held }) => alive && held === 0));
      await release("worker-7", { kind: "interrupted", started: [] });
      assert.equal((await take("worker-999")).length, 1);
    },
  },
];
