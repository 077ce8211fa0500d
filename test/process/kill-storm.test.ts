import { expect, it } from "vitest";
import { noop, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { kill, TestPool } from "../support/test-pool.ts";

const JOBS = 20_000;
const ROUNDS = process.env["GANGER_TEST_LONG"] === undefined ? 2 : 10;

it.each([
  ["forked", "auto"],
  ["new processes", "never"],
])(
  "loses nothing and counts nothing twice while workers that are %s and the coordinator are killed",
  {
    timeout: 300_000,
  },
  async (_, fork) => {
    await using pool = await TestPool.start({ workers: { work: { count: 3 } }, config: { fork } }, 3);

    for (let round = 1; round <= ROUNDS; round++) {
      await enqueue(pool, round);
      await killUntilDone(pool, round * JOBS);
    }

    expect(await pool.count("completed")).toBe(ROUNDS * JOBS);
    expect(await pool.count("failed")).toBe(0);
    await everyJobCompletedOnce(pool);
    const findings = (await pool.client.broker.maintenance?.doctor()) ?? [];
    expect(findings.filter(({ level }) => level === "error")).toEqual([]);
  },
);

/** Nineteen of twenty jobs are short; the others make sure that somebody is always in the middle of something. */
async function enqueue({ client }: TestPool, round: number): Promise<void> {
  const short = Array.from({ length: JOBS * 0.95 }, (_, n) => ({ n: round * JOBS + n }));
  const long = Array.from({ length: JOBS * 0.05 }, () => ({ ms: 10 }));
  await client.enqueueMany(pause, long.slice(0, long.length / 2));
  await client.enqueueMany(noop, short);
  await client.enqueueMany(pause, long.slice(long.length / 2));
}

/** Kills a random worker each time some thousands of jobs more are done, wherever it is then. */
async function killUntilDone(pool: TestPool, total: number): Promise<void> {
  let next = total - JOBS + Math.random() * STRIDE;
  let kills = 0;
  await eventually(
    async () => `${total} jobs are completed\n${await pool.report()}`,
    async () => {
      const done = await pool.count("completed");
      if (done >= total) return true;
      if (done < next) return false;
      next = done + Math.random() * STRIDE;
      const alive = await pool.workers();
      const victim = alive[Math.floor(Math.random() * alive.length)];
      if (victim !== undefined) kill(victim.pid);
      kills++;
      if (kills % 3 === 1) kill(await pool.coordinator());
      return false;
    },
    60_000,
  );
}

const STRIDE = 12_000;

async function everyJobCompletedOnce({ client: { broker } }: TestPool): Promise<void> {
  const seen = new Set<string>();
  let crashes = 0;
  for (let after: string | undefined; ; ) {
    const page = (await broker.inspect?.list({ queue: "work", limit: 10_000, after })) ?? [];
    if (page.length === 0) break;
    for (const job of page) {
      expect(seen.has(job.id)).toBe(false);
      seen.add(job.id);
      expect(job).toMatchObject({ state: "completed", attempts: 0, interruptions: 0 });
      crashes += job.crashes;
    }
    after = page.at(-1)?.id;
  }
  expect(seen.size).toBe(ROUNDS * JOBS);
  // Had nobody been killed in the middle of a job, this test would show nothing.
  expect(crashes).toBeGreaterThan(0);
}
