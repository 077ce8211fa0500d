import assert from "node:assert/strict";
import type { Claim } from "../../../broker/claim.ts";
import type { Bench, ConformanceCase, Verdict } from "../case.ts";

const error = { name: "Error", message: "late" };

/** An outcome of each kind. */
const VERDICTS: readonly Verdict[] = [
  { kind: "completed" },
  { kind: "completed", result: "1", keepMs: 0 },
  { kind: "retry", delayMs: 0, error },
  { kind: "retry", delayMs: 60_000, error },
  { kind: "failed", error },
  { kind: "failed", error, keepMs: 0 },
  { kind: "released", started: true },
  { kind: "released", started: false },
  { kind: "crashed" },
  { kind: "cancelled" },
];

/** A claim that was lost to a second holder, and the second's. */
async function overtaken({ start, release, take }: Bench): Promise<readonly [stale: Claim, fresh: Claim]> {
  const stale = await start({ maxCrashes: 100 }, "slow");
  await release("slow", { kind: "crashed", started: [stale.id] });
  const [fresh] = await take("quick");
  assert.ok(fresh);
  return [stale, fresh];
}

/** Who may say what became of a job: its newest claim, once. */
export const fencingCases: readonly ConformanceCase[] = [
  {
    name: "refuses an outcome of a claim that has passed to another holder",
    async run(bench) {
      const [stale, fresh] = await overtaken(bench);

      assert.equal(await bench.settle(stale), false);
      assert.equal(await bench.settle(fresh), true);
    },
  },
  {
    name: "refuses an outcome of an earlier claim of the same holder",
    async run({ start, settle, take }) {
      const stale = await start();
      await settle(stale, { kind: "released", started: true });
      const [fresh] = await take();
      assert.ok(fresh);

      assert.equal(await settle(stale), false);
      assert.equal(await settle(fresh), true);
    },
  },
  {
    name: "changes nothing for any outcome of a claim that was lost",
    needs: ["inspect"],
    async run(bench) {
      const { settle, inspect } = bench;
      const [stale, fresh] = await overtaken(bench);
      const before = await inspect.find(fresh.id);

      for (const verdict of VERDICTS) {
        assert.equal(await settle(stale, verdict), false, `${verdict.kind} of a lost claim was taken`);
        assert.deepEqual(
          await inspect.find(fresh.id),
          before,
          `${verdict.kind} of a lost claim left a trace`,
        );
      }
      assert.equal(await settle(fresh), true);
    },
  },
  {
    name: "refuses an outcome the second time, of whatever kind",
    async run({ start, settle }) {
      for (const verdict of VERDICTS) {
        const claim = await start({ queue: `for-${verdict.kind}` }, `worker-${verdict.kind}`);
        assert.equal(await settle(claim, verdict), true, `${verdict.kind} was refused`);
        assert.equal(await settle(claim, verdict), false, `${verdict.kind} was taken twice`);
        assert.equal(await settle(claim), false, `completed was taken after ${verdict.kind}`);
      }
    },
  },
  {
    name: "answers true, then false when one batch holds an outcome twice",
    async run({ start, settleAll }) {
      const claim = await start();

      assert.deepEqual(await settleAll([claim, claim]), [true, false]);
    },
  },
  {
    name: "takes the first of two outcomes that contradict each other",
    needs: ["inspect"],
    async run({ broker, start, inspect }) {
      const { id, token } = await start();

      const { settled } = await broker.settle([
        { id, token, kind: "failed", error },
        { id, token, kind: "completed" },
      ]);

      assert.deepEqual(settled, [true, false]);
      assert.equal((await inspect.find(id))?.state, "failed");
    },
  },
  {
    name: "refuses an outcome once its holder was released",
    async run({ start, release, settle, take }) {
      const claim = await start();
      await release(undefined, { kind: "interrupted", started: [claim.id] });

      assert.equal(await settle(claim), false);
      assert.equal((await take("other", 5)).length, 1);
    },
  },
  {
    name: "refuses an outcome with a token that was never given",
    async run({ start, settle }) {
      const { id, token } = await start();

      for (const wrong of [token + 1, token - 1, 0, -1, Number.MAX_SAFE_INTEGER]) {
        assert.equal(await settle({ id, token: wrong }), false, `token ${wrong} passed for ${token}`);
      }
      assert.equal(await settle({ id, token }), true);
    },
  },
  {
    name: "refuses an outcome of a job that it does not know",
    async run({ start, settle }) {
      const { token } = await start();

      for (const id of [
        "nothing",
        "",
        "0",
        "-1",
        "1.5",
        "999999999999",
        "9".repeat(40),
        "'; drop table",
        "*",
      ]) {
        assert.equal(await settle({ id, token }), false, `the id ${JSON.stringify(id)} passed`);
      }
    },
  },
  {
    name: "answers each outcome of a mixed batch for itself",
    async run({ broker, fill, take, settle }) {
      await fill(4);
      const [a, b, c, d] = await take("worker", 4);
      assert.ok(a && b && c && d);
      await settle(b);

      const { settled } = await broker.settle([
        { id: a.id, token: a.token, kind: "completed" },
        { id: b.id, token: b.token, kind: "completed" },
        { id: "nothing", token: a.token, kind: "released", started: true },
        { id: c.id, token: c.token, kind: "failed", error },
        { id: d.id, token: d.token + 1, kind: "completed" },
        { id: d.id, token: d.token, kind: "retry", delayMs: 0, error },
      ]);

      assert.deepEqual(settled, [true, false, false, true, false, true]);
      assert.deepEqual(
        (await take("worker", 5)).map(({ id }) => id),
        [d.id],
      );
    },
  },
  {
    name: "settles claims of several calls and holders in one batch",
    async run({ start, settleAll }) {
      const claims = [await start({}, "a"), await start({}, "b"), await start({}, "a")];

      assert.deepEqual(await settleAll(claims), [true, true, true]);
      assert.deepEqual(await settleAll(claims), [false, false, false]);
    },
  },
  {
    name: "does not take one job's token for another job",
    async run({ start, settle }) {
      const first = await start({}, "a");
      const second = await start({}, "b");

      if (first.token !== second.token) {
        assert.equal(await settle({ id: first.id, token: second.token }), false);
        assert.equal(await settle({ id: second.id, token: first.token }), false);
      }
      assert.equal(await settle(first), true);
      assert.equal(await settle(second), true);
    },
  },
];
