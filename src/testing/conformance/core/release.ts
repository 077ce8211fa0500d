import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** How jobs go back that were not finished, at no cost. */
export const releaseCases: readonly ConformanceCase[] = [
  {
    name: "counts an interruption, and no attempt, for a run that was cut short",
    async run({ start, settle, take }) {
      const claim = await start();
      assert.equal(await settle(claim, { kind: "released", started: true }), true);

      const [again] = await take();
      assert.deepEqual(
        [again?.id, again?.interruptions, again?.attempts, again?.crashes],
        [claim.id, 1, 0, 0],
      );
    },
  },
  {
    name: "counts nothing for a job that was given back unstarted",
    async run({ start, settle, take }) {
      const claim = await start();
      assert.equal(await settle(claim, { kind: "released", started: false }), true);

      const [again] = await take();
      assert.deepEqual(
        [again?.id, again?.interruptions, again?.attempts, again?.crashes],
        [claim.id, 0, 0, 0],
      );
    },
  },
  {
    name: "gives back all that a leaving holder has, an interruption for what had started",
    async run({ fill, take, release }) {
      const ids = await fill(4);
      const [first, second] = await take("leaving", 4);
      assert.ok(first && second);

      const started = [first.id, second.id];
      const { waiting, poisoned } = await release("leaving", { kind: "interrupted", started });

      assert.deepEqual([[...waiting].sort(), poisoned], [[...ids].sort(), []]);
      for (const { id, interruptions, crashes, attempts } of await take("other", 10)) {
        assert.deepEqual([interruptions, crashes, attempts], [started.includes(id) ? 1 : 0, 0, 0]);
      }
    },
  },
  {
    name: "leaves alone what others hold",
    async run({ start, release, settle, take }) {
      const kept = await start({}, "staying");
      const lost = await start({}, "leaving");

      const { waiting } = await release("leaving", { kind: "interrupted", started: [kept.id, lost.id] });

      assert.deepEqual(waiting, [lost.id]);
      assert.equal((await take("third", 5)).length, 1);
      assert.equal(await settle(kept), true);
    },
  },
  {
    name: "bears to release a holder twice, or one it never knew",
    async run({ start, release, take }) {
      const claim = await start();
      await release(undefined, { kind: "crashed", started: [claim.id] });

      const nothing = { waiting: [], poisoned: [] };
      assert.deepEqual(await release(undefined, { kind: "crashed", started: [claim.id] }), nothing);
      assert.deepEqual(await release("unheard", { kind: "crashed" }), nothing);
      const [again] = await take("other", 5);
      assert.equal(again?.crashes, 1);
    },
  },
  {
    name: "releases a holder once when several do so at the same time",
    async run({ fill, take, release }) {
      await fill(20, { maxCrashes: 3 });
      await take("dying", 20);

      const reports = await Promise.all(
        Array.from({ length: 6 }, () => release("dying", { kind: "crashed" })),
      );

      assert.equal(reports.flatMap(({ waiting }) => waiting).length, 20);
      const claims = await take("other", 50);
      assert.deepEqual(
        claims.map(({ crashes }) => crashes),
        Array.from({ length: 20 }, () => 1),
      );
    },
  },
  {
    name: "hands out nothing to a holder that was released, until it sends a heartbeat",
    async run({ start, release, take, beat }) {
      const claim = await start();
      await release(undefined, { kind: "interrupted", started: [] });
      assert.deepEqual(await take("worker", 5), []);

      await beat("worker");
      assert.equal((await take("worker", 5))[0]?.id, claim.id);
    },
  },
  {
    name: "gives back nothing that was settled before",
    async run({ fill, take, settle, release }) {
      await fill(3);
      const [done, retried, held] = await take("leaving", 3);
      assert.ok(done && retried && held);
      await settle(done);
      await settle(retried, { kind: "retry", delayMs: 60_000, error: { name: "Error", message: "" } });

      const { waiting } = await release("leaving", { kind: "interrupted", started: [] });

      assert.deepEqual(waiting, [held.id]);
    },
  },
  {
    name: "gives back thousands of jobs at once",
    async run({ fill, take, release }) {
      const ids = await fill(3000);
      await take("leaving", 3000);

      const { waiting } = await release("leaving", { kind: "interrupted", started: [] });

      assert.deepEqual([...waiting].sort(), [...ids].sort());
      assert.equal((await take("other", 5000)).length, 3000);
    },
  },
  {
    name: "keeps in a job's history when it was interrupted",
    needs: ["inspect"],
    async run({ start, settle, take, release, inspect }) {
      const { id, token } = await start();
      await settle({ id, token }, { kind: "released", started: true });
      await take();
      await release(undefined, { kind: "interrupted", started: [id], detail: "of a deploy" });

      const { history = [], interruptions } = (await inspect.find(id)) ?? {};
      assert.equal(interruptions, 2);
      assert.deepEqual(
        history.map(({ event }) => event),
        ["interrupted", "interrupted"],
      );
      assert.equal(history[1]?.detail, "of a deploy");
    },
  },
];
