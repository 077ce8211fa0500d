import assert from "node:assert/strict";
import type { NewJob } from "../../../job/job.ts";
import type { Bench, ConformanceCase } from "../case.ts";

/** What makes a job one that no broker may take. */
const FAULTS: readonly (readonly [string, Partial<NewJob>])[] = [
  ["a queue without a name", { queue: "" }],
  ["a queue with a blank in its name", { queue: "two words" }],
  ["a queue with too long a name", { queue: "q".repeat(101) }],
  ["a job without a name", { name: "" }],
  ["a priority that is not whole", { priority: 1.5 }],
  ["a priority that is no number", { priority: Number.NaN }],
  ["a priority out of bounds", { priority: 1_000_000_001 }],
  ["a delay below zero", { delayMs: -1 }],
  ["both a delay and a time", { delayMs: 1, runAtMs: 1 }],
  ["no crash allowed", { maxCrashes: 0 }],
];

/** Checks that a batch is refused and that nothing of it can be claimed. */
async function assertRefused({ broker, take }: Bench, jobs: readonly NewJob[], why: string): Promise<void> {
  await assert.rejects(broker.enqueue(jobs), Error, `a batch with ${why} was taken`);
  assert.deepEqual(await take("worker", 10), [], `a part of a batch with ${why} was kept`);
}

export const enqueueCases: readonly ConformanceCase[] = [
  {
    name: "answers with the ids of 5,000 jobs in the order given",
    async run({ fill, take }) {
      const ids = await fill(5000);
      const claims = await take("worker", 5000);

      assert.equal(new Set(ids).size, 5000);
      const placeOf = new Map(ids.map((id, place) => [id, place]));
      for (const { id, payload } of claims) assert.equal(payload, `{"n":${placeOf.get(id)}}`);
      assert.equal(claims.length, 5000);
    },
  },
  {
    name: "gives ids that are ASCII texts of 40 characters at most",
    async run({ fill }) {
      for (const id of await fill(100)) assert.match(id, /^[\x21-\x7e]{1,40}$/);
    },
  },
  {
    name: "answers with the right ids for a batch over queues, priorities and times",
    async run({ broker, queue, take }) {
      const jobs = Array.from({ length: 60 }, (_, n) => ({
        queue: queue(`q${n % 3}`),
        name: "task",
        payload: `${n}`,
        priority: n % 4,
        ...(n % 5 === 0 ? { delayMs: 60_000 } : {}),
      }));
      const ids = await broker.enqueue(jobs);

      const claims = await take("worker", 100, ["q0", "q1", "q2"]);
      assert.equal(claims.length, 48);
      for (const { id, payload } of claims) assert.equal(ids[Number(payload)], id);
    },
  },
  {
    name: "answers an empty batch with no ids",
    async run({ broker }) {
      assert.deepEqual(await broker.enqueue([]), []);
    },
  },
  {
    name: "adds none of a batch whose last job is not allowed",
    async run(bench) {
      const good: NewJob = { queue: bench.queue(), name: "task", payload: "1" };

      for (const [why, fault] of FAULTS) await assertRefused(bench, [good, good, { ...good, ...fault }], why);
      assert.equal((await bench.broker.enqueue([good])).length, 1);
    },
  },
  {
    name: "adds none of a batch whose first job is not allowed",
    async run(bench) {
      const good: NewJob = { queue: bench.queue(), name: "task", payload: "1" };

      for (const [why, fault] of FAULTS) await assertRefused(bench, [{ ...good, ...fault }, good], why);
    },
  },
  {
    name: "adds none of a batch that fails half-way through",
    async run(bench) {
      const good: NewJob = { queue: bench.queue(), name: "task", payload: "1" };
      const broken: NewJob = {
        ...good,
        get payload(): string {
          throw new Error("This payload cannot be read");
        },
      };

      await assertRefused(bench, [...Array.from({ length: 50 }, () => good), broken, good], "a broken job");
      assert.equal((await bench.broker.enqueue([good])).length, 1);
    },
  },
  {
    name: "keeps queues apart after a batch that made one of them was refused",
    async run({ broker, queue, take }) {
      const job = (name: string) => ({ queue: queue(name), name: "task", payload: `"${name}"` });
      const broken = {
        ...job("refused"),
        get payload(): string {
          throw new Error("This payload cannot be read");
        },
      };
      await assert.rejects(broker.enqueue([job("refused"), job("refused"), broken]), Error);
      await broker.enqueue([job("next"), job("other"), job("refused")]);

      for (const name of ["refused", "next", "other"]) {
        const claims = await take("worker", 5, [name]);
        assert.deepEqual(
          claims.map(({ payload }) => payload),
          [`"${name}"`],
        );
      }
    },
  },
  {
    name: "keeps concurrent batches apart",
    async run({ broker, queue, take }) {
      const batches = await Promise.all(
        Array.from({ length: 40 }, (_, batch) =>
          broker.enqueue(
            Array.from({ length: 25 }, (__, n) => ({
              queue: queue(),
              name: "task",
              payload: `${batch}.${n}`,
            })),
          ),
        ),
      );

      const claims = await take("worker", 2000);
      assert.equal(claims.length, 1000);
      const payloads = new Map(claims.map(({ id, payload }) => [id, payload]));
      const found = batches.map((ids) => ids.map((id) => payloads.get(id)));
      const expected = batches.map((ids, batch) => ids.map((_, n) => `${batch}.${n}`));
      assert.deepEqual(found, expected);
    },
  },
  {
    name: "keeps jobs beyond the connection that added them",
    requires: "reopen",
    async run({ reopen, queue, take }) {
      const other = await reopen();
      const jobs = [{ queue: queue(), name: "task", payload: "1" }];
      const ids = await other.enqueue(jobs);
      await other[Symbol.asyncDispose]();

      assert.deepEqual(
        (await take("worker", 5)).map(({ id }) => id),
        ids,
      );
    },
  },
  {
    name: "lets one connection settle what another claimed",
    requires: "reopen",
    async run({ reopen, start, settle }) {
      const other = await reopen();
      const { id, token } = await start();

      assert.deepEqual((await other.settle([{ id, token, kind: "completed" }])).settled, [true]);
      assert.equal(await settle({ id, token }), false);
    },
  },
];
