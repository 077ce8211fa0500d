import assert from "node:assert/strict";
import type { RescuedHolder } from "../../../broker/maintenance.ts";
import type { Bench, ConformanceCase } from "../case.ts";

/** A short life: long enough to claim in, short enough to wait for the end of. */
const SHORT_MS = 300;

/** Rescues, and resolves with what became of one holder's jobs. */
async function rescue({ maintenance, holder }: Bench, name: string): Promise<RescuedHolder | undefined> {
  return (await maintenance.rescue()).find((rescued) => rescued.holder === holder(name));
}

/** Who is alive, by the store's clock. */
export const heartbeatCases: readonly ConformanceCase[] = [
  {
    name: "hands out nothing to a holder whose heartbeat ended",
    async run({ broker, fill, beat, elapse, take, holder, queue }) {
      await fill(2);
      await beat("fading", 20);
      await elapse(20);

      assert.deepEqual(await take("fading", 5), []);
      const next = { queues: [queue()], limit: 5, holder: holder("fading") };
      assert.deepEqual((await broker.settle([], next)).claimed, []);
      assert.equal((await take("other", 5)).length, 2);
    },
  },
  {
    name: "hands out jobs to a holder that is alive again",
    async run({ fill, beat, elapse, take }) {
      await fill(2);
      await beat("fading", 20);
      await elapse(20);
      await beat("fading");

      assert.equal((await take("fading", 5)).length, 2);
    },
  },
  {
    name: "keeps alive all holders of one heartbeat",
    async run({ broker, fill, take, holder }) {
      await fill(50);
      const names = Array.from({ length: 50 }, (_, n) => `worker-${n}`);
      await broker.heartbeat(
        names.map((name) => ({ holder: holder(name), queues: "*" })),
        60_000,
      );

      for (const name of names) assert.equal((await take(name, 1)).length, 1, `${name} was handed nothing`);
    },
  },
  {
    name: "bears a heartbeat of nobody",
    async run({ broker }) {
      assert.equal(await broker.heartbeat([], 1000), undefined);
    },
  },
  {
    name: "cuts no life short by a later, shorter heartbeat",
    async run({ fill, beat, elapse, take }) {
      await fill(1);
      await beat("worker", 60_000);
      await beat("worker", 10);
      await elapse(20);

      assert.equal((await take("worker")).length, 1);
    },
  },
  {
    name: "takes the outcome of a holder whose heartbeat ended, until somebody rescues",
    requires: "private",
    async run({ beat, start, elapse, settle }) {
      await beat("fading", SHORT_MS);
      const claim = await start({}, "fading");
      await elapse(SHORT_MS);

      assert.equal(await settle(claim), true);
    },
  },
  {
    name: "gives back the jobs of a holder whose heartbeat ended, and counts a crash",
    needs: ["maintenance"],
    requires: "private",
    async run(bench) {
      const { beat, fill, take, elapse, settle } = bench;
      await beat("dead", SHORT_MS);
      const ids = await fill(3);
      const lost = await take("dead", 3);
      await elapse(SHORT_MS);

      const rescued = await rescue(bench, "dead");

      assert.deepEqual([...(rescued?.waiting ?? [])].sort(), [...ids].sort());
      assert.deepEqual(rescued?.poisoned, []);
      for (const claim of lost) assert.equal(await settle(claim), false);
      const claims = await take("other", 5);
      assert.deepEqual(
        claims.map(({ crashes }) => crashes),
        [1, 1, 1],
      );
    },
  },
  {
    name: "leaves the jobs of living holders alone when it rescues",
    needs: ["maintenance"],
    async run(bench) {
      const { beat, start, elapse, settle, take } = bench;
      const kept = await start({}, "alive");
      await beat("dead", SHORT_MS);
      await start({}, "dead");
      await elapse(SHORT_MS);

      assert.equal(await rescue(bench, "alive"), undefined);
      assert.equal((await take("other", 5)).length, 1);
      assert.equal(await settle(kept), true);
    },
  },
  {
    name: "rescues no holder whose heartbeat came in time",
    needs: ["maintenance"],
    async run(bench) {
      const { beat, start, elapse, settle } = bench;
      await beat("worker", SHORT_MS);
      const claim = await start();
      await beat("worker", 60_000);
      await elapse(SHORT_MS);

      assert.equal(await rescue(bench, "worker"), undefined);
      assert.equal(await settle(claim), true);
    },
  },
  {
    name: "rescues a holder once, however many look",
    needs: ["maintenance"],
    requires: "private",
    async run(bench) {
      const { beat, fill, take, elapse, maintenance } = bench;
      await beat("dead", SHORT_MS);
      await fill(10);
      await take("dead", 10);
      await elapse(SHORT_MS);

      const reports = await Promise.all(Array.from({ length: 6 }, () => maintenance.rescue()));

      assert.equal(reports.flat().flatMap(({ waiting }) => waiting).length, 10);
      const claims = await take("other", 20);
      assert.ok(claims.every(({ crashes }) => crashes === 1));
      assert.deepEqual(await maintenance.rescue(), []);
    },
  },
  {
    name: "fails as poison what it rescues once too often",
    needs: ["maintenance", "inspect"],
    requires: "private",
    async run(bench) {
      const { beat, start, elapse, inspect } = bench;
      await beat("dead", SHORT_MS);
      const { id } = await start({ maxCrashes: 1 }, "dead");
      await elapse(SHORT_MS);

      const rescued = await rescue(bench, "dead");

      assert.deepEqual([rescued?.waiting, rescued?.poisoned], [[], [id]]);
      const job = await inspect.find(id);
      assert.deepEqual([job?.state, job?.error?.name], ["failed", "PoisonError"]);
    },
  },
  {
    name: "takes a rescued holder back as if it were new",
    needs: ["maintenance"],
    requires: "private",
    async run(bench) {
      const { beat, start, elapse, take, settle } = bench;
      await beat("back", SHORT_MS);
      const stale = await start({}, "back");
      await elapse(SHORT_MS);
      await rescue(bench, "back");
      assert.deepEqual(await take("back"), []);
      await beat("back");

      const [fresh] = await take("back");
      assert.equal(fresh?.id, stale.id);
      assert.equal(await settle(stale), false);
      assert.equal(await settle(fresh), true);
    },
  },
  {
    name: "lists the living and the overdue with what they hold",
    needs: ["inspect"],
    requires: "private",
    async run({ beat, fill, take, elapse, inspect, holder, queue }) {
      await fill(5);
      await beat("dead", SHORT_MS);
      await take("dead", 2);
      await take("alive", 3);
      await beat("idle");
      await elapse(SHORT_MS);

      const found = await inspect.holders();
      const facts = found.map(({ alive, held, ...each }) => [each.holder, { alive, held }]);
      assert.deepEqual(Object.fromEntries(facts), {
        [holder("alive")]: { alive: true, held: 3 },
        [holder("dead")]: { alive: false, held: 2 },
        [holder("idle")]: { alive: true, held: 0 },
      });
      for (const { aliveUntil, queues } of found) {
        assert.ok(aliveUntil instanceof Date);
        assert.equal(queues, queue());
      }
    },
  },
  {
    name: "lists no holder that was released",
    needs: ["inspect"],
    async run({ beat, release, inspect, holder }) {
      await beat("leaving");
      await beat("staying");
      await release("leaving", { kind: "interrupted", started: [] });

      const names = new Set((await inspect.holders()).map((each) => each.holder));
      assert.deepEqual([names.has(holder("leaving")), names.has(holder("staying"))], [false, true]);
    },
  },
];
