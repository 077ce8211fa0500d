import assert from "node:assert/strict";
import type { ClaimRef } from "../../../broker/claim.ts";
import { JOB_EVENTS, type JobEvent, type JobState, TRANSITIONS } from "../../../job/states.ts";
import type { Bench, ConformanceCase, JobOptions, Verdict } from "../case.ts";

const error = { name: "Error", message: "…" };

/** How a job comes into each state; without a verdict it is never claimed. Blocked jobs are of the facet `flows`. */
const ORIGINS: Readonly<Partial<Record<JobState, { job?: JobOptions; verdict?: Verdict | "none" }>>> = {
  waiting: {},
  scheduled: { job: { delayMs: 1 } },
  running: { verdict: "none" },
  completed: { verdict: { kind: "completed", keepMs: 1 } },
  failed: { verdict: { kind: "failed", error, keepMs: 1 } },
  cancelled: { verdict: { kind: "cancelled" } },
};

/** The outcomes that are one event of a running job. */
const OUTCOMES: Readonly<Partial<Record<JobEvent, (bench: Bench) => readonly Verdict[]>>> = {
  complete: () => [{ kind: "completed" }],
  retry: () => [
    { kind: "retry", delayMs: 0, error },
    { kind: "retry", delayMs: 60_000, error },
  ],
  fail: () => [{ kind: "failed", error }],
  release: () => [
    { kind: "crashed" },
    { kind: "released", started: false },
    { kind: "released", started: true },
  ],
  advance: ({ queue }) => [
    { kind: "advanced", queue: queue("next") },
    { kind: "advanced", queue: queue("next"), delayMs: 60_000 },
  ],
};

/** Ways to bring about an event; each resolves with whether the broker said that it took place. */
type Attempt = (bench: Bench, job: ClaimRef) => Promise<boolean | undefined>;

function attemptsOf(event: JobEvent, bench: Bench): readonly Attempt[] {
  const verdicts = OUTCOMES[event]?.(bench) ?? [];
  const outcomes = verdicts.map(
    (verdict): Attempt =>
      ({ settle }, job) =>
        settle(job, verdict),
  );
  return [...outcomes, ...(OTHERS[event] ?? [])];
}

const OTHERS: Readonly<Partial<Record<JobEvent, readonly Attempt[]>>> = {
  claim: [async ({ take }, { id }) => (await take("second", 10)).some((claim) => claim.id === id)],
  due: [
    async ({ maintenance, elapse }) => {
      await elapse(1);
      await maintenance.due();
      return undefined;
    },
  ],
  cancel: [async ({ edit }, { id }) => (await edit.cancel([id]))[0]],
  release: [
    async ({ release, beat }, { id }) => {
      const { waiting } = await release(undefined, { kind: "interrupted", started: [] });
      await beat();
      return waiting.includes(id);
    },
  ],
  revive: [async ({ edit }, { id }) => (await edit.retry([id]))[0]],
  prune: [
    async ({ maintenance, elapse }) => {
      await elapse(1);
      await maintenance.prune({ completed: 0, failed: 0, cancelled: 0 });
      return undefined;
    },
  ],
};

async function bring(bench: Bench, state: JobState): Promise<ClaimRef> {
  const { job, verdict } = ORIGINS[state] ?? {};
  if (verdict === undefined) {
    const [id = ""] = await bench.fill(1, job);
    return { id, token: 1 };
  }
  const claim = await bench.start(job);
  if (verdict !== "none") assert.equal(await bench.settle(claim, verdict), true);
  return claim;
}

/** Tries one event on a job in one state, and checks that the state machine has it. */
async function check(bench: Bench, state: JobState, event: JobEvent, attempt: Attempt): Promise<void> {
  const job = await bring(bench, state);
  const { inspect, edit, queue } = bench;
  const stateOf = async () => (await inspect.find(job.id))?.state ?? "gone";
  assert.equal(await stateOf(), state);
  const happened = await attempt(bench, job);

  const legal = TRANSITIONS[state][event];
  const reached = await stateOf();
  assert.ok(
    (legal ?? [state]).some((to) => to === reached),
    `${event} made a ${state} job ${reached}`,
  );
  if (happened !== undefined) assert.equal(happened, legal !== undefined, `${event} of a ${state} job`);
  await edit.cancel([job.id]);
  await edit.clear(queue());
  await edit.clear(queue("next"));
}

/** Every event in every state: what the state machine allows happens, and nothing else does. */
export const transitionCases: readonly ConformanceCase[] = Object.keys(ORIGINS).flatMap((name) => {
  const state = Object.keys(TRANSITIONS).find((known): known is JobState => known === name);
  return state === undefined ? [] : [caseOf(state)];
});

function caseOf(state: JobState): ConformanceCase {
  return {
    name: `does with a ${state} job what its state allows, and nothing else`,
    needs: ["inspect", "edit", "maintenance"],
    requires: "private",
    async run(bench) {
      for (const event of JOB_EVENTS) {
        for (const attempt of attemptsOf(event, bench)) await check(bench, state, event, attempt);
      }
    },
  };
}
