import assert from "node:assert/strict";
import type { ConformanceCase, Verdict } from "../case.ts";
import { assertCommitWakes, jobOf } from "./transactions.ts";

const error = { name: "Error", message: "…" };

/** Each kind of outcome, and the state that it brings. */
const VERDICTS = (queue: string): readonly (readonly [Verdict, string])[] => [
  [{ kind: "completed", result: "42" }, "completed"],
  [{ kind: "retry", delayMs: 0, error }, "waiting"],
  [{ kind: "retry", delayMs: 60_000, error }, "scheduled"],
  [{ kind: "failed", error }, "failed"],
  [{ kind: "released", started: true }, "waiting"],
  [{ kind: "crashed", detail: "with SIGSEGV" }, "waiting"],
  [{ kind: "cancelled" }, "cancelled"],
  [{ kind: "advanced", queue, delayMs: 60_000 }, "scheduled"],
];

/** Outcomes in the transactions of users. */
export const transactionSettleCases: readonly ConformanceCase[] = [
  {
    name: "settles each kind of outcome when the transaction commits, and not before",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run({ transactions, begin, start, settle, inspect, queue }) {
      for (const [verdict, state] of VERDICTS(queue("next"))) {
        const { id, token } = await start();
        const { connection, commit } = await begin();
        const settled = await transactions.settle(connection, [{ ...verdict, id, token }]);
        assert.deepEqual(settled, [true], `${verdict.kind} was refused`);
        assert.equal(
          (await inspect.find(id))?.state,
          "running",
          `${verdict.kind} was seen before the commit`,
        );
        await commit();

        assert.equal((await inspect.find(id))?.state, state, `${verdict.kind} in a transaction`);
        assert.equal(await settle({ id, token }), false, `completed was taken after ${verdict.kind}`);
      }
    },
  },
  {
    name: "settles nothing by a transaction that was rolled back",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run({ transactions, begin, start, settle, inspect, queue }) {
      for (const [verdict] of VERDICTS(queue("next"))) {
        const { id, token } = await start();
        const { connection, rollback } = await begin();
        assert.deepEqual(await transactions.settle(connection, [{ ...verdict, id, token }]), [true]);
        await rollback();

        const { state, attempts, interruptions, crashes } = (await inspect.find(id)) ?? assert.fail();
        assert.deepEqual([state, attempts, interruptions, crashes], ["running", 0, 0, 0], verdict.kind);
        assert.equal(
          await settle({ id, token }),
          true,
          `${verdict.kind} ended a claim in spite of the rollback`,
        );
      }
    },
  },
  {
    name: "keeps the result of a job that completed in a transaction, and for as long as it says",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run({ transactions, begin, start, inspect }) {
      const [kept, gone] = [await start({}, "a"), await start({}, "b")];
      const { connection, commit } = await begin();
      const settled = await transactions.settle(connection, [
        { id: kept.id, token: kept.token, kind: "completed", result: '{"sum":3}', keepMs: 60_000 },
        { id: gone.id, token: gone.token, kind: "completed", keepMs: 0 },
      ]);
      await commit();

      assert.deepEqual(settled, [true, true]);
      const { result, finishedAt, expiresAt } = (await inspect.find(kept.id)) ?? assert.fail();
      assert.equal(result, '{"sum":3}');
      assert.equal(Number(expiresAt) - Number(finishedAt), 60_000);
      assert.equal(await inspect.find(gone.id), undefined);
    },
  },
  {
    name: "refuses outcomes of lost claims in a transaction, and changes nothing for them",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run({ transactions, begin, start, settle, release, inspect, queue }) {
      const [done, released] = [await start({}, "a"), await start({}, "b")];
      const held = await start({}, "c");
      await settle(done);
      await release("b", { kind: "interrupted", started: [] });
      const lost = [done, released, { id: "nothing", token: 1 }, { id: held.id, token: held.token + 1 }];
      const { connection, commit } = await begin();
      for (const [verdict] of VERDICTS(queue("next"))) {
        const outcomes = lost.map(({ id, token }) => Object.assign({ id, token }, verdict));
        assert.deepEqual(await transactions.settle(connection, outcomes), [false, false, false, false]);
      }
      const mixed = await transactions.settle(connection, [
        { id: done.id, token: done.token, kind: "completed" },
        { id: held.id, token: held.token, kind: "completed" },
        { id: held.id, token: held.token, kind: "completed" },
      ]);
      await commit();

      assert.deepEqual(mixed, [false, true, false]);
      const states = await Promise.all(
        [done, released, held].map(async ({ id }) => (await inspect.find(id))?.state),
      );
      assert.deepEqual(states, ["completed", "waiting", "completed"]);
    },
  },
  {
    name: "takes from a dead holder nothing that it completed in a transaction",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run({ transactions, begin, start, release, inspect }) {
      const { id, token } = await start();
      const { connection, commit } = await begin();
      await transactions.settle(connection, [{ id, token, kind: "completed" }]);
      await commit();

      assert.deepEqual(await release(undefined, { kind: "crashed" }), { waiting: [], poisoned: [] });
      const { state, crashes } = (await inspect.find(id)) ?? assert.fail();
      assert.deepEqual([state, crashes], ["completed", 0]);
    },
  },
  {
    name: "enqueues and settles in one transaction, together or not at all",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, start, take, inspect } = bench;
      for (const ending of ["rollback", "commit"] as const) {
        const { id, token } = await start();
        const transaction = await begin();
        const { connection } = transaction;
        const [next] = await transactions.enqueue(connection, [jobOf(bench, { queue: "next" })]);
        assert.deepEqual(await transactions.settle(connection, [{ id, token, kind: "completed" }]), [true]);
        await transaction[ending]();

        const isCommit = ending === "commit";
        assert.equal((await inspect.find(id))?.state, isCommit ? "completed" : "running");
        const claims = await take("worker", 5, ["next"]);
        assert.deepEqual(
          claims.map((claim) => claim.id),
          isCommit ? [next] : [],
        );
      }
    },
  },
  {
    name: "lets others enqueue, claim and settle once a transaction has ended",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, fill, take, settle } = bench;
      const { connection, commit } = await begin();
      await transactions.enqueue(connection, [jobOf(bench)]);
      // What a store cannot do beside an open transaction it does after it.
      const others = fill(3);
      await commit();
      await others;

      const claims = await take("worker", 10);
      assert.equal(claims.length, 4);
      for (const claim of claims) assert.equal(await settle(claim), true);
    },
  },
  {
    name: "wakes workers for jobs that a transaction put back, when it commits",
    needs: ["transactions", "wakeups"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, start, take } = bench;
      const { id, token } = await start();
      await assertCommitWakes(bench, await begin(), (connection) =>
        transactions.settle(connection, [{ id, token, kind: "retry", delayMs: 0, error }]),
      );
      assert.equal((await take("worker", 5)).length, 1);
    },
  },
];
