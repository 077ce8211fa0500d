import assert from "node:assert/strict";
import { DEFAULT_PRUNE_BOUNDS } from "../../../broker/maintenance.ts";
import type { ConformanceCase } from "../case.ts";

const error = { name: "Error", message: "…" };

/** What coordinators do now and then, several of them at once. */
export const maintenanceCases: readonly ConformanceCase[] = [
  {
    name: "has nothing to maintain in a store without jobs",
    needs: ["maintenance"],
    requires: "private",
    async run({ maintenance }) {
      assert.deepEqual(await maintenance.due(), { moved: 0, nextInMs: undefined });
      assert.deepEqual(await maintenance.rescue(), []);
      assert.deepEqual(await maintenance.prune(DEFAULT_PRUNE_BOUNDS), { deleted: 0, more: false });
    },
  },
  {
    name: "finds no error in a store that works",
    needs: ["maintenance", "edit"],
    requires: "private",
    async run({ maintenance, fill, take, settle, edit, release }) {
      await fill(20);
      await fill(5, { delayMs: 60_000 });
      const [a, b, c] = await take("worker", 10);
      assert.ok(a && b && c);
      await settle(a);
      await settle(b, { kind: "failed", error });
      await edit.cancel([c.id]);
      await take("dying", 5);
      await release("dying", { kind: "crashed" });

      const findings = await maintenance.doctor();
      assert.deepEqual(
        findings.filter(({ level }) => level === "error"),
        [],
      );
    },
  },
  {
    name: "tells an operator of findings the worst first",
    needs: ["maintenance"],
    async run({ maintenance, fill, elapse }) {
      await fill(3, { delayMs: 1 });
      await elapse(1);

      const ranks = { error: 0, warning: 1, info: 2 };
      const findings = await maintenance.doctor();
      const found = findings.map(({ level }) => ranks[level]);
      assert.deepEqual(
        found,
        found.toSorted((a, b) => a - b),
      );
      for (const { check, message } of findings) {
        assert.match(check, /^[a-z-]+$/);
        assert.notEqual(message, "");
      }
    },
  },
  {
    name: "stays right when several maintain it while others work",
    needs: ["maintenance", "inspect"],
    async run({ maintenance, fill, beat, take, settleAll, elapse, inspect, queue }) {
      await fill(30);
      await fill(30, { delayMs: 1 });
      await beat("dead", 500);
      assert.equal((await take("dead", 10)).length, 10);
      await elapse(500);

      const maintain = async () => {
        await maintenance.due();
        await maintenance.rescue();
        await maintenance.prune({ completed: 1e9, failed: 1e9, cancelled: 1e9 });
      };
      const work = async (name: string) => {
        await settleAll(await take(name, 8));
      };
      await Promise.all([maintain(), work("a"), maintain(), work("b"), maintain(), work("c")]);
      await maintain();
      await settleAll(await take("d", 100));

      const jobs = await inspect.list({ queue: queue(), limit: 100 });
      assert.equal(jobs.length, 60);
      assert.deepEqual([...new Set(jobs.map(({ state }) => state))], ["completed"]);
      assert.equal(jobs.filter(({ crashes }) => crashes === 1).length, 10);
    },
  },
];
