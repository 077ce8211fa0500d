import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";

/** All that is known of one job. */
export const findCases: readonly ConformanceCase[] = [
  {
    name: "finds nothing by an id that it does not know",
    needs: ["inspect"],
    async run({ inspect }) {
      for (const id of ["nothing", "", "0", "-1", "1.5", "9".repeat(40), "*"]) {
        assert.equal(await inspect.find(id), undefined);
      }
    },
  },
  {
    name: "shows a waiting job as it was enqueued",
    needs: ["inspect"],
    async run({ inspect, broker, queue }) {
      const job = {
        queue: queue(),
        name: "mail",
        payload: "[1]",
        priority: 3,
        maxCrashes: 5,
        options: '{"a":1}',
        tags: ["x", "y"],
      };
      const [id = ""] = await broker.enqueue([job]);

      const found = await inspect.find(id);
      assert.ok(found);
      const { enqueuedAt, ...rest } = found;
      assert.ok(enqueuedAt instanceof Date && enqueuedAt.getTime() > 0);
      const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      assert.deepEqual(known, {
        ...job,
        id,
        state: "waiting",
        attempts: 0,
        interruptions: 0,
        crashes: 0,
        history: [],
        logs: [],
      });
    },
  },
  {
    name: "shows of a running job who runs it and since when",
    needs: ["inspect"],
    async run({ inspect, fill, elapse, take, holder }) {
      const [id = ""] = await fill(1);
      await elapse(10);
      const [claim] = await take("runner");

      const job = await inspect.find(id);
      assert.deepEqual([job?.state, job?.holder], ["running", holder("runner")]);
      assert.equal(job?.enqueuedAt.getTime(), claim?.enqueuedAtMs);
      assert.ok(job?.claimedAt && job.claimedAt.getTime() >= job.enqueuedAt.getTime() + 10);
      assert.deepEqual([job.finishedAt, job.expiresAt], [undefined, undefined]);
    },
  },
  {
    name: "shows of a finished job when it finished and until when it is kept",
    needs: ["inspect"],
    async run({ inspect, start, elapse, settle }) {
      const claim = await start();
      await elapse(10);
      await settle(claim, { kind: "completed", result: "true", keepMs: 5000 });

      const job = await inspect.find(claim.id);
      assert.deepEqual([job?.state, job?.result, job?.holder], ["completed", "true", undefined]);
      const finished = job?.finishedAt?.getTime() ?? 0;
      assert.ok(finished >= claim.enqueuedAtMs + 10);
      assert.equal(job?.expiresAt?.getTime(), finished + 5000);
    },
  },
  {
    name: "shows in a list what it shows of one job, but for history and log",
    needs: ["inspect"],
    async run({ inspect, start, settle, queue }) {
      const { id, token } = await start({ tags: ["a"], options: "{}" });
      await settle({ id, token }, { kind: "failed", error: { name: "Error", message: "…" } });

      const [listed] = await inspect.list({ queue: queue(), limit: 1 });
      const { history, logs: _, ...found } = (await inspect.find(id)) ?? { history: [], logs: [] };
      assert.equal(history.length, 1);
      assert.deepEqual({ ...listed }, found);
    },
  },
  {
    name: "keeps the newest 100 entries of a job's history",
    needs: ["inspect"],
    async run({ inspect, start, settle, take }) {
      let claim = await start();
      for (let round = 0; round < 105; round += 1) {
        await settle(claim, {
          kind: "retry",
          delayMs: 0,
          error: { name: "Error", message: `round ${round}` },
        });
        const [next] = await take();
        assert.ok(next);
        claim = next;
      }

      const history = (await inspect.find(claim.id))?.history ?? [];
      assert.deepEqual(
        history.map(({ detail }) => detail),
        Array.from({ length: 100 }, (_, n) => `round ${n + 5}`),
      );
    },
  },
];
