import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** What a claim hands out, and to whom. */
export const claimCases: readonly ConformanceCase[] = [
  {
    name: "hands each job to exactly one of many claimers",
    async run({ fill, take }) {
      const ids = await fill(100);

      const claims = await Promise.all(Array.from({ length: 20 }, (_, n) => take(`worker-${n}`, 10)));

      assert.deepEqual(
        claims
          .flat()
          .map(({ id }) => id)
          .sort(),
        [...ids].sort(),
      );
    },
  },
  {
    name: "hands each job to exactly one of two connections",
    requires: "reopen",
    async run({ broker, reopen, fill, beat, holder, queue }) {
      const second = await reopen();
      const ids = await fill(200);
      await beat("a");
      await beat("b");

      const handed: string[] = [];
      const drain = async (of: typeof broker, name: string) => {
        for (let got = 1; got > 0; ) {
          const claims = await of.claim({ queues: [queue()], limit: 7, holder: holder(name) });
          handed.push(...claims.map(({ id }) => id));
          got = claims.length;
        }
      };
      await Promise.all([drain(broker, "a"), drain(second, "b"), drain(broker, "a"), drain(second, "b")]);

      assert.deepEqual(handed.sort(), [...ids].sort());
    },
  },
  {
    name: "hands out at most as many jobs as asked for, and all when there are fewer",
    async run({ fill, take }) {
      await fill(5);

      assert.equal((await take("worker", 2)).length, 2);
      assert.equal((await take("worker", 1)).length, 1);
      assert.equal((await take("worker", 10)).length, 2);
      assert.equal((await take("worker", 10)).length, 0);
    },
  },
  {
    name: "hands out a job with all that a worker needs to run it",
    async run({ broker, queue, take }) {
      const job = {
        queue: queue(),
        name: "send:Receipt/2.html-x",
        payload: '{"order":42}',
        priority: 7,
        options: '{"timeoutMs":100}',
      };
      const [id] = await broker.enqueue([job]);
      const [claim] = await take("worker");

      assert.ok(claim);
      const { token, enqueuedAtMs, ...rest } = claim;
      assert.deepEqual(rest, { ...job, id, attempts: 0, interruptions: 0, crashes: 0 });
      assert.ok(Number.isSafeInteger(token), `a token is a whole number, not ${token}`);
      assert.ok(Number.isSafeInteger(enqueuedAtMs), `a time is in whole milliseconds, not ${enqueuedAtMs}`);
    },
  },
  {
    name: "hands out a job without options without them",
    async run({ start }) {
      const { options, priority } = await start();

      assert.deepEqual({ options, priority }, { options: undefined, priority: 0 });
    },
  },
  {
    name: "says when a job was enqueued, by one clock and also after a retry",
    async run({ start, settle, take, elapse }) {
      const first = await start();
      await elapse(20);
      const second = await start();
      await settle(first, { kind: "retry", delayMs: 0, error: { name: "Error", message: "again" } });
      const [again] = await take();

      assert.ok(second.enqueuedAtMs >= first.enqueuedAtMs + 20, "20 ms lay between the two");
      assert.equal(again?.enqueuedAtMs, first.enqueuedAtMs);
    },
  },
  {
    name: "gives a later claim of the same job a higher token",
    async run({ start, take, settle }) {
      let claim = await start();
      for (let round = 0; round < 10; round += 1) {
        assert.equal(await settle(claim, { kind: "released", started: false }), true);
        const [later] = await take(`worker-${round}`);
        assert.ok(later);
        assert.equal(later.id, claim.id);
        assert.ok(later.token > claim.token, `${later.token} follows ${claim.token}`);
        claim = later;
      }
    },
  },
  {
    name: "settles and claims the next batch in one call",
    async run({ broker, fill, take, holder, queue }) {
      const ids = await fill(4);
      const claims = await take("worker", 2);
      const outcomes = claims.map(({ id, token }) => ({ id, token, kind: "completed" as const }));

      const next = { queues: [queue()], limit: 5, holder: holder("worker") };
      const { settled, claimed } = await broker.settle(outcomes, next);

      assert.deepEqual(settled, [true, true]);
      assert.deepEqual(
        claimed.map(({ id }) => id),
        ids.slice(2),
      );
    },
  },
  {
    name: "claims in a settle of nothing",
    async run({ broker, fill, beat, holder, queue }) {
      const ids = await fill(2);
      await beat();

      const { settled, claimed } = await broker.settle([], { queues: [queue()], limit: 5, holder: holder() });

      assert.deepEqual(settled, []);
      assert.deepEqual(
        claimed.map(({ id }) => id),
        ids,
      );
    },
  },
  {
    name: "claims nothing in a settle that does not ask for it",
    async run({ broker, fill, take }) {
      await fill(2);
      const [claim] = await take();
      assert.ok(claim);

      const { claimed } = await broker.settle([{ id: claim.id, token: claim.token, kind: "completed" }]);

      assert.deepEqual(claimed, []);
      assert.equal((await take("worker", 5)).length, 1);
    },
  },
  {
    name: "hands out in a settle what that settle has put back",
    async run({ broker, start, holder, queue }) {
      const { id, token } = await start();
      const error = { name: "Error", message: "again" };
      const next = { queues: [queue()], limit: 5, holder: holder() };

      const { claimed } = await broker.settle([{ id, token, kind: "retry", delayMs: 0, error }], next);

      assert.deepEqual(
        claimed.map((claim) => [claim.id, claim.attempts]),
        [[id, 1]],
      );
      assert.ok((claimed[0]?.token ?? 0) > token);
    },
  },
  {
    name: "hands out nothing to a holder that never sent a heartbeat",
    async run({ broker, fill, holder, queue, take }) {
      const ids = await fill(2);
      const request = { queues: [queue()], limit: 5, holder: holder("unheard") };

      assert.deepEqual(await broker.claim(request), []);
      assert.deepEqual((await broker.settle([], request)).claimed, []);
      assert.equal((await take("worker", 5)).length, ids.length);
    },
  },
];
