import assert from "node:assert/strict";
import type { NewJob } from "../../../job/job.ts";
import type { Bench, ConformanceCase, UserTransaction } from "../case.ts";
import { Listener } from "../listener.ts";

export function jobOf({ queue }: Pick<Bench, "queue">, job: Partial<NewJob> = {}): NewJob {
  return { name: "task", payload: "1", ...job, queue: queue(job.queue) };
}

/** Ends a transaction, and waits for a call that this brings: what came before the commit does not count. */
export async function assertCommitWakes(
  { wakeups, eventually }: Bench,
  { connection, commit }: UserTransaction,
  write: (connection: object) => Promise<unknown>,
): Promise<void> {
  await using listener = await Listener.open(wakeups);
  await write(connection);
  await eventually(async () => {
    const before = listener.heard;
    await new Promise((resolve) => setImmediate(resolve));
    return listener.heard === before;
  });
  const before = listener.heard;
  await commit();
  await eventually(() => listener.heard > before, 5000);
}

/** Jobs in the transactions of users. */
export const transactionCases: readonly ConformanceCase[] = [
  {
    name: "hands out a job that was enqueued in a transaction once that commits, and not before",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, beat, take } = bench;
      await beat();
      const { connection, commit } = await begin();
      const [id] = await transactions.enqueue(connection, [jobOf(bench, { payload: '{"a":1}' })]);
      assert.deepEqual(await take("worker", 5), [], "a job was handed out before its transaction committed");
      await commit();

      const claims = await take("worker", 5);
      assert.deepEqual(
        claims.map((claim) => [claim.id, claim.payload]),
        [[id, '{"a":1}']],
      );
    },
  },
  {
    name: "shows a job that was enqueued in a transaction once that commits, and not before",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, inspect } = bench;
      const { connection, commit } = await begin();
      const [id = ""] = await transactions.enqueue(connection, [jobOf(bench)]);
      assert.equal(await inspect.find(id), undefined);
      await commit();

      assert.equal((await inspect.find(id))?.state, "waiting");
    },
  },
  {
    name: "has nothing of what was enqueued in a transaction that was rolled back",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, take, inspect } = bench;
      const { connection, rollback } = await begin();
      const jobs = [jobOf(bench), jobOf(bench, { delayMs: 60_000 }), jobOf(bench, { queue: "new" })];
      const ids = await transactions.enqueue(connection, jobs);
      await rollback();

      assert.deepEqual(await take("worker", 5, [undefined, "new"]), []);
      for (const id of ids) assert.equal(await inspect.find(id), undefined);
    },
  },
  {
    name: "goes on with a queue whose first job was rolled back",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const first = await bench.begin();
      await bench.transactions.enqueue(first.connection, [jobOf(bench, { queue: "new" })]);
      await first.rollback();
      // Whatever stood for the name of the queue may stand for another one's now.
      await bench.fill(1, { queue: "other" });
      const [direct] = await bench.fill(1, { queue: "new" });
      const second = await bench.begin();
      const [later] = await bench.transactions.enqueue(second.connection, [jobOf(bench, { queue: "new" })]);
      await second.commit();

      const claims = await bench.take("worker", 5, ["new"]);
      assert.deepEqual(
        claims.map(({ id }) => id),
        [direct, later],
      );
    },
  },
  {
    name: "answers with the ids of a transaction's jobs in the order given",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, take } = bench;
      const { connection, commit } = await begin();
      const jobs = Array.from({ length: 60 }, (_, n) =>
        jobOf(bench, {
          queue: `q${n % 3}`,
          payload: `${n}`,
          priority: n % 4,
          ...(n % 5 === 0 && { delayMs: 60_000 }),
        }),
      );
      const ids = await transactions.enqueue(connection, jobs);
      await commit();

      assert.equal(new Set(ids).size, 60);
      for (const id of ids) assert.match(id, /^[\x21-\x7e]{1,40}$/);
      const claims = await take("worker", 100, ["q0", "q1", "q2"]);
      assert.equal(claims.length, 48);
      for (const { id, payload } of claims) assert.equal(ids[Number(payload)], id);
    },
  },
  {
    name: "keeps the order of age and priority among jobs of transactions and others",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, fill, take } = bench;
      const before = await fill(1);
      const { connection, commit } = await begin();
      const low = await transactions.enqueue(connection, [jobOf(bench), jobOf(bench)]);
      const high = await transactions.enqueue(connection, [jobOf(bench, { priority: 5 })]);
      await commit();
      const after = await fill(1);

      const claims = await take("worker", 9);
      assert.deepEqual(
        claims.map(({ id }) => id),
        [...high, ...before, ...low, ...after],
      );
    },
  },
  {
    name: "keeps all that a transaction's job was given",
    needs: ["transactions", "inspect"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, inspect } = bench;
      const given = {
        payload: '"ünï"',
        priority: -7,
        maxCrashes: 5,
        options: '{"attempts":2}',
        tags: ["a", "b"],
      };
      const { connection, commit } = await begin();
      const [id = ""] = await transactions.enqueue(connection, [jobOf(bench, { ...given, delayMs: 60_000 })]);
      await commit();

      const { payload, priority, maxCrashes, options, tags, state, runAt, enqueuedAt } =
        (await inspect.find(id)) ?? assert.fail("the job is not there");
      assert.deepEqual({ payload, priority, maxCrashes, options, tags }, given);
      assert.equal(state, "scheduled");
      assert.equal(Number(runAt) - Number(enqueuedAt), 60_000);
    },
  },
  {
    name: "hands out a delayed job of a transaction when it is due",
    needs: ["transactions", "maintenance"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, take, elapse, maintenance } = bench;
      const { connection, commit } = await begin();
      const [id] = await transactions.enqueue(connection, [jobOf(bench, { delayMs: 30 })]);
      await commit();
      await elapse(30);
      await maintenance.due();

      assert.deepEqual(
        (await take("worker", 5)).map((claim) => claim.id),
        [id],
      );
    },
  },
  {
    name: "refuses a bad job in a transaction, which goes on without it",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, take } = bench;
      const { connection, commit } = await begin();
      await assert.rejects(
        transactions.enqueue(connection, [jobOf(bench), jobOf(bench, { priority: 0.5 })]),
        Error,
      );
      const ids = await transactions.enqueue(connection, [jobOf(bench)]);
      await commit();

      assert.deepEqual(
        (await take("worker", 5)).map(({ id }) => id),
        ids,
      );
    },
  },
  {
    name: "refuses what is no connection with a transaction open",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, start, settle } = bench;
      const claim = await start();
      const { connection, commit } = await begin();
      await commit();
      const invalid = { code: "GANGER_TRANSACTION_INVALID" };

      for (const wrong of [{}, [], bench.broker, connection]) {
        await assert.rejects(transactions.enqueue(wrong, [jobOf(bench)]), invalid);
        await assert.rejects(transactions.settle(wrong, [{ ...claim, kind: "completed" }]), invalid);
      }
      assert.deepEqual(await bench.take("worker", 5), []);
      assert.equal(await settle(claim), true);
    },
  },
  {
    name: "does nothing for no jobs and no outcomes in a transaction",
    needs: ["transactions"],
    requires: "transaction",
    async run({ transactions, begin }) {
      const { connection, commit } = await begin();

      assert.deepEqual(await transactions.enqueue(connection, []), []);
      assert.deepEqual(await transactions.settle(connection, []), []);
      await commit();
    },
  },
  {
    name: "serves several transactions of users at once",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, take } = bench;
      const kept: string[] = [];
      // Stores with one writer let the next begin when the one before has ended.
      await Promise.all(
        [0, 1, 2, 3].map(async (n) => {
          const { connection, commit, rollback } = await begin();
          const ids = await transactions.enqueue(connection, [jobOf(bench), jobOf(bench, { priority: n })]);
          if (n % 2 === 0) {
            await commit();
            kept.push(...ids);
          } else {
            await rollback();
          }
        }),
      );

      const claims = await take("worker", 20);
      assert.deepEqual(claims.map(({ id }) => id).sort(), kept.sort());
    },
  },
  {
    name: "enqueues by several calls in one transaction, each of them all there or not at all",
    needs: ["transactions"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, take } = bench;
      const { connection, commit } = await begin();
      const ids: string[] = [];
      for (const n of [1, 2, 3, 4, 5])
        ids.push(
          ...(await transactions.enqueue(
            connection,
            Array.from({ length: n }, () => jobOf(bench)),
          )),
        );
      await commit();

      assert.equal(new Set(ids).size, 15);
      assert.deepEqual(
        (await take("worker", 20)).map(({ id }) => id),
        ids,
      );
    },
  },
  {
    name: "wakes workers for jobs of a transaction when it commits",
    needs: ["transactions", "wakeups"],
    requires: "transaction",
    async run(bench) {
      const { transactions, begin, take } = bench;
      for (const queue of ["a", "b", "c"]) {
        await assertCommitWakes(bench, await begin(), (connection) =>
          transactions.enqueue(connection, [jobOf(bench, { queue })]),
        );
        assert.equal((await take("worker", 1, [queue])).length, 1);
      }
    },
  },
];
