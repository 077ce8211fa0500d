import assert from "node:assert/strict";
import type { ConformanceCase } from "../case.ts";
import { Listener } from "../listener.ts";

/** Several processes on one store, and what one leaves behind that is killed. */
export const processCases: readonly ConformanceCase[] = [
  {
    name: "hands each job to exactly one of several processes",
    requires: "processes",
    slow: true,
    async run({ fill, spawn, queue, holder, take }) {
      const ids = await fill(4000);
      const processes = await spawn(4, (place) => ({
        kind: "drain",
        queue: queue(),
        holder: holder(`process-${place}`),
        limit: 5 + place,
      }));

      const drained = await Promise.all(processes.map((process) => process.next()));

      assert.deepEqual(drained.flatMap((part) => part ?? []).sort(), [...ids].sort());
      assert.deepEqual(await take("last", 5), []);
    },
  },
  {
    name: "takes jobs from several processes at once, and gives each its ids",
    requires: "processes",
    slow: true,
    async run({ spawn, queue, take }) {
      const processes = await spawn(4, () => ({ kind: "enqueue", queue: queue(), batch: 50, batches: 10 }));

      const ids: string[] = [];
      for (const process of processes) {
        for (let part = await process.next(), n = 1; part !== undefined; n += 1) {
          ids.push(...part);
          part = n < 10 ? await process.next() : undefined;
        }
      }

      assert.equal(new Set(ids).size, 2000);
      const claims = await take("worker", 5000);
      assert.deepEqual(claims.map(({ id }) => id).sort(), ids.sort());
    },
  },
  {
    name: "leaves a killed process its claims until it is rescued, and then to others",
    needs: ["inspect", "maintenance"],
    requires: "processes",
    slow: true,
    async run({ fill, spawn, queue, holder, take, inspect, maintenance, eventually, isPrivate }) {
      await fill(3);
      const ttlMs = 1500;
      const [process] = await spawn(1, () => ({
        kind: "hold",
        queue: queue(),
        holder: holder("killed"),
        limit: 2,
        ttlMs,
      }));
      const held = (await process?.next()) ?? [];
      assert.equal(held.length, 2);
      await process?.kill();

      if (isPrivate) assert.deepEqual(await maintenance.rescue(), []);
      assert.equal((await take("other", 5)).length, 1, "what the killed process holds is not for others yet");
      const [first = ""] = held;
      assert.deepEqual((await inspect.find(first))?.holder, holder("killed"));

      await eventually(async () => {
        await maintenance.rescue();
        return (await inspect.find(first))?.state === "waiting";
      });
      const claims = await take("other", 5);
      assert.deepEqual(
        claims.map(({ id, crashes }) => [id, crashes]),
        held.map((id) => [id, 1]),
      );
    },
  },
  {
    name: "has every job that it acknowledged to a process that was killed, and no part of a batch",
    requires: "processes",
    slow: true,
    async run({ spawn, queue, reopen, holder }) {
      const batch = 20;
      const processes = await spawn(2, () => ({ kind: "enqueue", queue: queue(), batch, batches: 100_000 }));
      const acknowledged: string[] = [];
      for (const process of processes) {
        for (let n = 0; n < 20; n += 1) acknowledged.push(...((await process.next()) ?? []));
        await process.kill();
        // What it said before it died counts as well.
        for (let ids = await process.next(); ids !== undefined; ids = await process.next()) {
          acknowledged.push(...ids);
        }
      }

      const fresh = await reopen();
      await fresh.heartbeat([{ holder: holder("counting"), queues: queue() }], 60_000);
      const found = new Set<string>();
      const request = { queues: [queue()], limit: 10_000, holder: holder("counting") };
      for (let claims = await fresh.claim(request); claims.length > 0; claims = await fresh.claim(request)) {
        for (const { id } of claims) found.add(id);
      }

      assert.deepEqual(
        acknowledged.filter((id) => !found.has(id)),
        [],
      );
      assert.equal(found.size % batch, 0, "a part of a batch is there");
    },
  },
  {
    name: "wakes this process for a job that another one added",
    needs: ["wakeups"],
    requires: "processes",
    async run({ wakeups, spawn, queue, eventually, take }) {
      await using listener = await Listener.open(wakeups);
      const [process] = await spawn(1, () => ({ kind: "enqueue", queue: queue(), batch: 1, batches: 1 }));
      await process?.next();

      await eventually(() => listener.heard > 0);
      assert.equal((await take("worker", 5)).length, 1);
    },
  },
];
