import assert from "node:assert/strict";
import type { Claim, ClaimRef, Outcome } from "../../../broker/claim.ts";
import { JOB_STATES } from "../../../job/states.ts";
import type { Bench, ConformanceCase } from "../case.ts";

const error = { name: "Error", message: "…" };

/** The same numbers below 1 for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Does to a few jobs whatever comes up, and remembers which claims it took. */
class Turmoil {
  readonly #bench: Bench;
  readonly #random: () => number;
  readonly #ids: string[] = [];
  #claims: readonly Claim[] = [];

  constructor(bench: Bench, seed: number) {
    this.#bench = bench;
    this.#random = randomOf(seed);
  }

  async step(): Promise<void> {
    const { fill, take, edit, queue, beat, release } = this.#bench;
    const acts: readonly (() => Promise<unknown>)[] = [
      async () =>
        this.#ids.push(...(await fill(this.#below(6), { queue: this.#queue(), priority: this.#below(3) }))),
      async () =>
        this.#ids.push(...(await fill(1, { queue: this.#queue(), delayMs: 60_000, maxCrashes: 2 }))),
      async () => {
        await beat(this.#holder());
        this.#claims = [...this.#claims, ...(await take(this.#holder(), 4, [this.#queue(), this.#queue()]))];
      },
      () => this.#settle(),
      () => this.#settle(),
      () => edit.cancel([this.#id()]),
      () => edit.retry([this.#id(), this.#id(), this.#id()]),
      () => edit.move([this.#id(), this.#id()], queue(this.#queue())),
      () => edit.prioritize([this.#id(), this.#id()], this.#below(5) - 2),
      () =>
        release(this.#holder(), {
          kind: "crashed",
          ...(this.#below(2) === 0 ? { started: [this.#id()] } : {}),
        }),
      async () => this.#below(8) === 0 && edit.clear(queue(this.#queue()), JOB_STATES[this.#below(7)]),
    ];
    await acts[this.#below(acts.length)]?.();
  }

  async #settle(): Promise<void> {
    const { broker } = this.#bench;
    const outcomes = this.#claims.slice(0, 3).map(({ id, token }) => this.#outcome({ id, token }));
    await broker.settle(outcomes);
    this.#claims = this.#claims.slice(3);
  }

  #outcome(claim: ClaimRef): Outcome {
    const outcomes: readonly Outcome[] = [
      { ...claim, kind: "completed", keepMs: this.#below(4) === 0 ? 0 : undefined },
      { ...claim, kind: "retry", delayMs: this.#below(2) * 60_000, error },
      { ...claim, kind: "failed", error },
      { ...claim, kind: "released", started: this.#below(2) === 0 },
      { ...claim, kind: "crashed", detail: "with SIGKILL" },
      { ...claim, kind: "cancelled" },
    ];
    const queue = this.#bench.queue(this.#queue());
    return outcomes[this.#below(7)] ?? { ...claim, kind: "advanced", queue };
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #queue(): string {
    return `q${this.#below(3)}`;
  }

  #holder(): string {
    return `worker-${this.#below(3)}`;
  }

  #id(): string {
    return this.#ids[this.#below(this.#ids.length)] ?? "nothing";
  }
}

/** The counts are the numbers of rows, and each view of a queue agrees with the others. */
async function assertConsistent({ inspect, queue }: Bench): Promise<void> {
  const queues = new Map((await inspect.queues()).map((each) => [each.queue, each.counts]));
  const ready = new Set(await inspect.ready());
  for (const name of ["q0", "q1", "q2"].map(queue)) {
    const jobs = await inspect.list({ queue: name, limit: 5000 });
    for (const state of JOB_STATES) {
      const rows = jobs.filter((job) => job.state === state);
      assert.equal(queues.get(name)?.[state] ?? 0, rows.length, `the count of ${state} jobs`);
      const listed = await inspect.list({ queue: name, state, limit: 5000 });
      assert.deepEqual(
        listed.map(({ id }) => id),
        rows.map(({ id }) => id),
      );
    }
    const waiting = jobs.filter(({ state }) => state === "waiting").map(({ id }) => id);
    const peeked = (await inspect.peek(name, 5000)).map(({ id }) => id);
    assert.deepEqual(peeked.sort(), waiting.sort());
    assert.equal(ready.has(name), waiting.length > 0);
  }
}

/** How many jobs each holder has, by the view of jobs and by that of holders. */
async function assertHeld({ inspect, queue, holder }: Bench): Promise<void> {
  const pages = await Promise.all(
    ["q0", "q1", "q2"].map((name) => inspect.list({ queue: queue(name), state: "running", limit: 5000 })),
  );
  const holders = await inspect.holders();
  for (const name of ["worker-0", "worker-1", "worker-2"].map(holder)) {
    const rows = pages.flat().filter((job) => job.holder === name);
    assert.equal(holders.find((found) => found.holder === name)?.held ?? 0, rows.length);
  }
}

export const randomCases: readonly ConformanceCase[] = [1, 2, 3].map((seed) => ({
  name: `counts what there is after hundreds of random changes, the ${["first", "second", "third"][seed - 1]} time`,
  needs: ["inspect", "edit"],
  async run(bench) {
    const turmoil = new Turmoil(bench, seed);
    for (let n = 1; n <= 400; n += 1) {
      await turmoil.step();
      if (n % 50 === 0) await assertConsistent(bench);
    }
    await assertHeld(bench);
  },
}));
