import assert from "node:assert/strict";
import type { Broker } from "../../broker/broker.ts";
import type { BenchHands } from "./case.ts";
import type { Names } from "./names.ts";

/** How long a holder of a case stays alive, unless the case says otherwise. */
const TTL_MS = 120_000;

export function createHands(broker: Broker, names: Names): BenchHands {
  const alive = new Set<string>();

  const fill: BenchHands["fill"] = (amount, { queue, ...job } = {}) => {
    const common = { name: "task", ...job, queue: names.queue(queue) };
    const payload = (n: number) => job.payload ?? JSON.stringify({ n });
    return broker.enqueue(Array.from({ length: amount }, (_, n) => ({ ...common, payload: payload(n) })));
  };

  const beat: BenchHands["beat"] = async (name, ttlMs = TTL_MS) => {
    const holder = names.holder(name);
    alive.add(holder);
    await broker.heartbeat([{ holder, queues: names.queue() }], ttlMs);
  };

  const take: BenchHands["take"] = async (name, limit = 1, queues = [undefined]) => {
    const holder = names.holder(name);
    if (!alive.has(holder)) await beat(name);
    return broker.claim({ queues: queues.map((queue) => names.queue(queue)), limit, holder });
  };

  const settleAll: BenchHands["settleAll"] = async (claims, verdict = { kind: "completed" }) => {
    const outcomes = claims.map(({ id, token }) => ({ ...verdict, id, token }));
    return (await broker.settle(outcomes)).settled;
  };

  return {
    fill,
    beat,
    take,
    settleAll,
    async start(job, holder) {
      await fill(1, job);
      const [claim] = await take(holder, 1, [job?.queue]);
      assert.ok(claim, "a job that was just enqueued was not handed out");
      return claim;
    },
    async settle(claim, verdict) {
      const settled = await settleAll([claim], verdict);
      assert.equal(settled.length, 1, "one outcome has one answer");
      return settled[0] === true;
    },
    release: (name, reason) => broker.release(names.holder(name), reason),
  };
}
