import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** What a process that died costs the jobs it held. */
export const crashCases: readonly ConformanceCase[] = [
  {
    name: "counts a crash for the jobs that had started, and nothing for the others",
    async run({ fill, take, release }) {
      const [a, b, c] = await fill(3);
      assert.ok(a && b && c);
      await take("dying", 3);

      const { waiting, poisoned } = await release("dying", { kind: "crashed", started: [b] });

      assert.deepEqual([[...waiting].sort(), poisoned], [[a, b, c].sort(), []]);
      for (const { id, crashes, attempts, interruptions } of await take("other", 5)) {
        assert.deepEqual([crashes, attempts, interruptions], [id === b ? 1 : 0, 0, 0]);
      }
    },
  },
  {
    name: "counts a crash for none when none had started",
    async run({ fill, take, release }) {
      await fill(2, { maxCrashes: 1 });
      await take("dying", 2);

      const { waiting, poisoned } = await release("dying", { kind: "crashed", started: [] });

      assert.deepEqual([waiting.length, poisoned.length], [2, 0]);
    },
  },
  {
    name: "counts a crash for all when nobody knows which had started",
    async run({ fill, take, release }) {
      await fill(3);
      await take("dying", 3);
      await release("dying", { kind: "crashed" });

      const claims = await take("other", 5);
      assert.deepEqual(
        claims.map(({ crashes }) => crashes),
        [1, 1, 1],
      );
    },
  },
  {
    name: "fails a job as poison that crashed as often as it may",
    async run({ start, release, take, beat }) {
      const { id } = await start({ maxCrashes: 3 });
      for (const crashes of [1, 2]) {
        assert.deepEqual(await release(undefined, { kind: "crashed" }), { waiting: [id], poisoned: [] });
        await beat();
        const [claim] = await take();
        assert.equal(claim?.crashes, crashes);
      }

      assert.deepEqual(await release(undefined, { kind: "crashed" }), { waiting: [], poisoned: [id] });
      assert.deepEqual(await take("other", 5), []);
    },
  },
  {
    name: "fails a job as poison at its first crash when it may not crash at all",
    async run({ start, release, take }) {
      const { id } = await start({ maxCrashes: 1 });

      const { waiting, poisoned } = await release(undefined, { kind: "crashed", started: [id] });

      assert.deepEqual([waiting, poisoned], [[], [id]]);
      assert.deepEqual(await take("other", 5), []);
    },
  },
  {
    name: "lets a job crash twice unless it says otherwise",
    needs: ["inspect"],
    async run({ start, release, take, inspect }) {
      const { id } = await start();
      assert.equal((await inspect.find(id))?.maxCrashes, 3);
      await release("worker", { kind: "crashed" });
      await take("second");
      await release("second", { kind: "crashed" });
      await take("third");

      assert.deepEqual((await release("third", { kind: "crashed" })).poisoned, [id]);
    },
  },
  {
    name: "says of a poisoned job that it is poison",
    needs: ["inspect"],
    async run({ start, release, settle, inspect }) {
      const claim = await start({ maxCrashes: 1 });
      await release(undefined, { kind: "crashed", detail: "with SIGSEGV" });

      const job = await inspect.find(claim.id);
      assert.deepEqual([job?.state, job?.crashes, job?.attempts], ["failed", 1, 0]);
      assert.equal(job?.error?.name, "PoisonError");
      assert.ok(job.finishedAt && job.expiresAt && job.expiresAt > job.finishedAt, "it is kept for a time");
      assert.equal(job.history.find(({ event }) => event === "crashed")?.detail, "with SIGSEGV");
      assert.equal(await settle(claim), false);
    },
  },
  {
    name: "tells poison from the rest of what a holder had",
    async run({ broker, queue, take, release }) {
      const jobs = [1, 2, 1, 5].map((maxCrashes) => ({
        queue: queue(),
        name: "task",
        payload: "1",
        maxCrashes,
      }));
      const [a, b, c, d] = await broker.enqueue(jobs);
      assert.ok(a && b && c && d);
      await take("dying", 4);

      const { waiting, poisoned } = await release("dying", { kind: "crashed", started: [a, b, d] });

      assert.deepEqual([[...waiting].sort(), poisoned], [[b, c, d].sort(), [a]]);
    },
  },
  {
    name: "poisons no job for interruptions, retries or runs given back",
    async run({ start, settle, take, release, beat }) {
      let claim = await start({ maxCrashes: 1 });
      const { id } = claim;
      for (let round = 0; round < 4; round += 1) {
        await settle(claim, { kind: "released", started: true });
        assert.equal((await take()).length, 1);
        const { poisoned } = await release(undefined, { kind: "interrupted", started: [id] });
        assert.deepEqual(poisoned, []);
        await beat();
        const [next] = await take();
        assert.ok(next);
        claim = next;
      }
      assert.deepEqual([claim.interruptions, claim.crashes], [8, 0]);
    },
  },
  {
    name: "counts no crash for a job that the dead holder did not hold",
    async run({ fill, start, take, release }) {
      const held = await start({}, "dying");
      const [waiting = ""] = await fill(1);

      await release("dying", { kind: "crashed", started: [held.id, waiting, "nothing"] });

      const claims = await take("other", 5);
      assert.deepEqual(Object.fromEntries(claims.map(({ id, crashes }) => [id, crashes])), {
        [held.id]: 1,
        [waiting]: 0,
      });
    },
  },
  {
    name: "counts a crash for one job whose own process died, and leaves its holder the others",
    async run({ fill, take, settle }) {
      const [a, b] = await fill(2);
      assert.ok(a && b);
      const [first, second] = await take("worker", 2);
      assert.ok(first && second);

      assert.equal(await settle(first, { kind: "crashed", detail: "with SIGSEGV" }), true);

      const [again, ...none] = await take("other", 5);
      assert.deepEqual([again?.id, again?.crashes, again?.attempts, none], [first.id, 1, 0, []]);
      assert.ok((again?.token ?? 0) > first.token);
      assert.equal(await settle(second), true);
    },
  },
  {
    name: "fails a job as poison whose own processes died as often as they may",
    needs: ["inspect"],
    async run({ start, settle, take, inspect }) {
      await settle(await start({ maxCrashes: 2 }), { kind: "crashed", detail: "with SIGKILL" });
      const [claim] = await take();
      assert.ok(claim);
      assert.equal(await settle(claim, { kind: "crashed", detail: "with SIGSEGV" }), true);

      const job = await inspect.find(claim.id);
      assert.deepEqual([job?.state, job?.crashes, job?.attempts], ["failed", 2, 0]);
      assert.equal(job?.error?.name, "PoisonError");
      assert.match(job?.error?.message ?? "", /2 processes .* with SIGSEGV/);
      assert.ok(job?.finishedAt && job.expiresAt && job.expiresAt > job.finishedAt, "it is kept for a time");
      assert.deepEqual(
        job.history.filter(({ event }) => event === "crashed").map(({ detail }) => detail),
        ["with SIGKILL", "with SIGSEGV"],
      );
      assert.deepEqual(await take("other", 5), []);
      assert.equal(await settle(claim), false);
    },
  },
];
