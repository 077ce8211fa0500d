import assert from "node:assert/strict";
import { MAX_LOG_LINE_LENGTH, MAX_LOG_LINES } from "../../../broker/edit.ts";
import type { ConformanceCase } from "../case.ts";

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => `line ${from + n}`);

/** Progress and log lines of running jobs. */
export const annotateCases: readonly ConformanceCase[] = [
  {
    name: "shows the progress that a running job reported last",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, start }) {
      const { id, token } = await start();
      assert.equal((await inspect.find(id))?.progress, undefined);
      for (const progress of [0, 0.125, 1]) {
        assert.deepEqual(await edit.annotate([{ id, token, progress }]), [true]);
        assert.equal((await inspect.find(id))?.progress, progress);
      }

      await edit.annotate([{ id, token, log: ["no progress"] }]);
      assert.equal((await inspect.find(id))?.progress, 1);
    },
  },
  {
    name: "keeps log lines in their order, and beyond the end of the run",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, start, settle }) {
      const claim = await start();
      const { id, token } = claim;
      await edit.annotate([{ id, token, log: ["a", "b"] }]);
      await edit.annotate([{ id, token, log: ["c"], progress: 0.5 }]);
      await settle(claim);

      const logs = (await inspect.find(id))?.logs ?? [];
      assert.deepEqual(
        logs.map(({ line }) => line),
        ["a", "b", "c"],
      );
      for (const { at } of logs) assert.ok(at.getTime() >= claim.enqueuedAtMs);
    },
  },
  {
    name: `keeps the newest ${MAX_LOG_LINES} log lines of a job`,
    needs: ["edit", "inspect"],
    async run({ edit, inspect, start }) {
      const { id, token } = await start();
      const lines = async () => (await inspect.find(id))?.logs.map(({ line }) => line);
      await edit.annotate([{ id, token, log: numbered(0, 60) }]);
      await edit.annotate([{ id, token, log: numbered(60, 130) }]);
      assert.deepEqual(await lines(), numbered(130 - MAX_LOG_LINES, 130));

      await edit.annotate([{ id, token, log: numbered(0, 250) }]);
      assert.deepEqual(await lines(), numbered(250 - MAX_LOG_LINES, 250));
    },
  },
  {
    name: `keeps ${MAX_LOG_LINE_LENGTH} characters of a log line`,
    needs: ["edit", "inspect"],
    async run({ edit, inspect, start }) {
      const { id, token } = await start();
      const whole = "x".repeat(MAX_LOG_LINE_LENGTH);
      await edit.annotate([{ id, token, log: [whole, `${whole}y`] }]);

      assert.deepEqual(
        (await inspect.find(id))?.logs.map(({ line }) => line),
        [whole, whole],
      );
    },
  },
  {
    name: "keeps no note of a claim that was lost",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, start, settle, take }) {
      const stale = await start();
      await settle(stale, { kind: "released", started: false });
      const note = { id: stale.id, token: stale.token, progress: 0.9, log: ["late"] };
      assert.deepEqual(await edit.annotate([note]), [false]);
      const [fresh] = await take();
      assert.ok(fresh);

      assert.deepEqual(await edit.annotate([note, { ...note, id: "nothing" }]), [false, false]);
      const job = await inspect.find(stale.id);
      assert.deepEqual([job?.progress, job?.logs], [undefined, []]);
    },
  },
  {
    name: "tells a worker which of its claims still hold",
    needs: ["edit"],
    async run({ edit, fill, take, settle }) {
      await fill(3);
      const [a, b, c] = await take("worker", 3);
      assert.ok(a && b && c);
      await settle(a);
      await edit.cancel([b.id]);
      const questions = [a, b, c].map(({ id, token }) => ({ id, token }));

      assert.deepEqual(await edit.annotate(questions), [false, false, true]);
      assert.deepEqual(await edit.annotate(questions.map(({ id, token }) => ({ id, token, log: [] }))), [
        false,
        false,
        true,
      ]);
      assert.equal(await settle(c), true);
    },
  },
  {
    name: "forgets the progress of a run that ended",
    needs: ["edit", "inspect"],
    async run({ edit, inspect, start, settle }) {
      const { id, token } = await start();
      await edit.annotate([{ id, token, progress: 0.5 }]);
      await settle({ id, token }, { kind: "released", started: true });

      assert.equal((await inspect.find(id))?.progress, undefined);
    },
  },
];
