import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

const error = {
  name: "TypeError",
  message: "no such file",
  code: "ENOENT",
  stack: "TypeError: …\n    at x.js:1",
};

/** What outcomes do to a job. */
export const retryCases: readonly ConformanceCase[] = [
  {
    name: "hands out a job again that is to be retried, an attempt later",
    async run({ start, settle, take }) {
      const claim = await start();
      assert.equal(await settle(claim, { kind: "retry", delayMs: 0, error }), true);

      const [again] = await take("other");
      assert.ok(again);
      const { id, attempts, interruptions, crashes } = again;
      assert.deepEqual(
        { id, attempts, interruptions, crashes },
        {
          id: claim.id,
          attempts: 1,
          interruptions: 0,
          crashes: 0,
        },
      );
    },
  },
  {
    name: "counts every attempt of a job that is retried time and again",
    async run({ start, settle, take }) {
      let claim = await start();
      for (let attempt = 1; attempt <= 25; attempt += 1) {
        await settle(claim, { kind: "retry", delayMs: 0, error });
        const [next] = await take();
        assert.equal(next?.attempts, attempt);
        assert.ok(next.token > claim.token);
        claim = next;
      }
    },
  },
  {
    name: "keeps payload, priority and options through a retry",
    async run({ start, settle, take }) {
      const { token: _, ...claim } = await start({ payload: '{"a":[1]}', priority: -3, options: '{"x":1}' });
      await settle({ id: claim.id, token: _ }, { kind: "retry", delayMs: 0, error });

      const [again] = await take();
      assert.ok(again);
      assert.deepEqual({ ...again, token: 0 }, { ...claim, token: 0, attempts: 1 });
    },
  },
  {
    name: "makes a retried job waiting without a delay, and scheduled with one",
    needs: ["inspect"],
    async run({ start, settle, inspect }) {
      const now = await start({}, "a");
      const later = await start({ queue: "other" }, "b");
      await settle(now, { kind: "retry", delayMs: 0, error });
      await settle(later, { kind: "retry", delayMs: 60_000, error });

      const [waiting, scheduled] = [await inspect.find(now.id), await inspect.find(later.id)];
      assert.deepEqual([waiting?.state, scheduled?.state], ["waiting", "scheduled"]);
      assert.ok(scheduled?.runAt, "a scheduled job has the time that it is due");
      assert.deepEqual([waiting?.attempts, scheduled?.attempts], [1, 1]);
      assert.deepEqual([waiting?.holder, waiting?.runAt], [undefined, undefined]);
    },
  },
  {
    name: "keeps the last error of a job, with its code and stack or without",
    needs: ["inspect"],
    async run({ start, settle, take, inspect }) {
      const { id, token } = await start();
      await settle({ id, token }, { kind: "retry", delayMs: 0, error });
      assert.deepEqual({ ...(await inspect.find(id))?.error }, error);

      const [again] = await take();
      assert.ok(again);
      await settle(again, { kind: "retry", delayMs: 0, error: { name: "Error", message: "" } });
      const { name, message, code, stack } = (await inspect.find(id))?.error ?? error;
      assert.deepEqual(
        { name, message, code, stack },
        {
          name: "Error",
          message: "",
          code: undefined,
          stack: undefined,
        },
      );
    },
  },
  {
    name: "fails a job for good, with an attempt more and its error",
    needs: ["inspect"],
    async run({ start, settle, take, inspect }) {
      const claim = await start();
      assert.equal(await settle(claim, { kind: "failed", error }), true);

      const job = await inspect.find(claim.id);
      assert.deepEqual([job?.state, job?.attempts, job?.holder], ["failed", 1, undefined]);
      assert.equal(job?.error?.message, error.message);
      assert.deepEqual(await take("worker", 5), []);
    },
  },
  {
    name: "counts no attempt when it is told that none was made",
    needs: ["inspect"],
    async run({ start, settle, inspect }) {
      const first = await start();
      await settle(first, { kind: "failed", error, counts: false });
      const second = await start();
      await settle(second, { kind: "failed", error, counts: true });

      assert.equal((await inspect.find(first.id))?.attempts, 0);
      assert.equal((await inspect.find(second.id))?.attempts, 1);
    },
  },
  {
    name: "completes a job with its result or without",
    needs: ["inspect"],
    async run({ start, settle, take, inspect }) {
      const first = await start();
      await settle(first, { kind: "completed", result: '{"sum":3}' });
      const second = await start();
      await settle(second, { kind: "completed" });

      const jobs = [await inspect.find(first.id), await inspect.find(second.id)];
      assert.deepEqual(
        jobs.map((job) => [job?.state, job?.attempts, job?.result]),
        [
          ["completed", 0, '{"sum":3}'],
          ["completed", 0, undefined],
        ],
      );
      assert.deepEqual(await take("worker", 5), []);
    },
  },
  {
    name: "deletes a job at once that is to be kept for no time",
    needs: ["inspect"],
    async run({ start, settle, inspect, queue }) {
      const first = await start();
      await settle(first, { kind: "completed", result: "1", keepMs: 0 });
      const second = await start();
      await settle(second, { kind: "failed", error, keepMs: 0 });

      assert.equal(await inspect.find(first.id), undefined);
      assert.equal(await inspect.find(second.id), undefined);
      assert.deepEqual(await inspect.list({ queue: queue(), limit: 5 }), []);
    },
  },
  {
    name: "cancels a job whose run was cancelled",
    needs: ["inspect"],
    async run({ start, settle, take, inspect }) {
      const claim = await start();
      assert.equal(await settle(claim, { kind: "cancelled" }), true);

      const job = await inspect.find(claim.id);
      assert.deepEqual([job?.state, job?.attempts], ["cancelled", 0]);
      assert.deepEqual(await take("worker", 5), []);
    },
  },
  {
    name: "advances a job into another queue, with another payload",
    async run({ start, settle, take, queue }) {
      const claim = await start({ payload: '"first"', priority: 4 });
      assert.equal(
        await settle(claim, { kind: "advanced", queue: queue("next"), payload: '"second"' }),
        true,
      );

      assert.deepEqual(await take("worker", 5), []);
      const [next] = await take("worker", 5, ["next"]);
      assert.deepEqual([next?.id, next?.payload, next?.priority], [claim.id, '"second"', 4]);
      assert.ok((next?.token ?? 0) > claim.token);
    },
  },
  {
    name: "advances a job with the payload it has, after a delay",
    needs: ["inspect", "maintenance"],
    async run({ start, settle, take, queue, inspect, elapse, maintenance }) {
      const claim = await start({ payload: '"same"' });
      await settle(claim, { kind: "advanced", queue: queue("next"), delayMs: 40 });
      assert.equal((await inspect.find(claim.id))?.state, "scheduled");
      assert.deepEqual(await take("worker", 5, ["next"]), []);
      await elapse(40);
      await maintenance.due();

      const [next] = await take("worker", 5, ["next"]);
      assert.deepEqual([next?.id, next?.payload], [claim.id, '"same"']);
    },
  },
  {
    name: "keeps in a job's history when it was retried and failed",
    needs: ["inspect"],
    async run({ start, settle, take, inspect }) {
      const claim = await start();
      await settle(claim, { kind: "retry", delayMs: 0, error });
      const [again] = await take();
      assert.ok(again);
      await settle(again, { kind: "failed", error });

      const history = (await inspect.find(claim.id))?.history ?? [];
      assert.deepEqual(
        history.map(({ event }) => event),
        ["retried", "failed"],
      );
      for (const { at } of history) assert.ok(at.getTime() >= claim.enqueuedAtMs);
    },
  },
  {
    name: "settles thousands of outcomes of every kind in one call",
    needs: ["inspect"],
    async run({ broker, fill, take, inspect, queue }) {
      await fill(3000);
      const claims = await take("worker", 3000);
      const kinds = [
        { kind: "completed" },
        { kind: "retry", delayMs: 0, error },
        { kind: "retry", delayMs: 60_000, error },
        { kind: "failed", error },
        { kind: "released", started: true },
        { kind: "cancelled" },
      ] as const;
      const outcomes = claims.flatMap(({ id, token }, n) => {
        const verdict = kinds[n % kinds.length];
        return verdict === undefined ? [] : [{ ...verdict, id, token }];
      });

      const { settled } = await broker.settle(outcomes);

      assert.ok(settled.length === 3000 && settled.every(Boolean));
      const { counts } = (await inspect.queues()).find((found) => found.queue === queue()) ?? {};
      assert.deepEqual(
        { ...counts },
        {
          waiting: 1000,
          scheduled: 500,
          blocked: 0,
          running: 0,
          completed: 500,
          failed: 500,
          cancelled: 500,
        },
      );
    },
  },
];
