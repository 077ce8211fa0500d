import { expect, it } from "vitest";
import { noop, pause } from "../fixtures/jobs/all.ts";
import { eventually } from "../support/eventually.ts";
import { PrivateServer } from "../support/servers/private-server.ts";
import { SERVERS } from "../support/services.ts";
import { kill, pidOf, TestPool } from "../support/test-pool.ts";

const isLong = process.env["GANGER_TEST_LONG"] !== undefined;
const JOBS = 20_000;

interface Storm {
  readonly name: string;
  /** A server of the test's own. @default a SQLite file */
  readonly server?: "redis" | "postgres" | "mysql";
  readonly fork?: "never";
  readonly rounds: number;
}

const rounds = isLong ? 10 : 2;
/** The one that has all its processes new is SQLite's: how they are made is nothing to a server. */
const storms: readonly Storm[] = [
  { name: "SQLite, forked", rounds },
  { name: "SQLite, new processes", fork: "never", rounds },
  ...(["redis", "postgres", "mysql"] as const)
    .filter((server) => SERVERS[server].binary() !== undefined)
    .map((server) => ({ name: SERVERS[server].title, server, rounds: rounds / 2 })),
];

it.each(storms)(
  "loses nothing and counts nothing twice while workers and the coordinator are killed: $name",
  { timeout: 300_000 },
  async ({ server, fork = "auto", rounds: count }) => {
    await using own = server === undefined ? undefined : await PrivateServer.start(SERVERS[server]);
    const workers = { work: { count: 3 } };
    await using pool = await TestPool.start(
      { workers, config: { fork }, ...(own === undefined ? {} : { broker: own.url }) },
      3,
    );

    for (let round = 1; round <= count; round++) {
      await enqueue(pool, round);
      await killUntilDone(pool, round * JOBS);
    }

    await killInTheMiddle(pool);

    const total = count * JOBS + 1;
    await eventually("all are completed", async () => (await pool.count("completed")) === total);
    expect(await pool.count("failed")).toBe(0);
    await everyJobCompletedOnce(pool, total);
    const findings = (await pool.client.broker.maintenance?.doctor()) ?? [];
    expect(findings.filter(({ level }) => level === "error")).toEqual([]);
  },
);

/** Nineteen of twenty jobs are short; the others, here and there among them, make sure that somebody is always in the middle of something. */
async function enqueue({ client }: TestPool, round: number): Promise<void> {
  for (let part = 0; part < PARTS; part++) {
    const long = Array.from({ length: (JOBS * 0.05) / PARTS }, () => ({ ms: 10 }));
    const first = round * JOBS + (part * JOBS) / PARTS;
    const short = Array.from({ length: (JOBS * 0.95) / PARTS }, (_, n) => ({ n: first + n }));
    await client.enqueueMany(pause, long);
    await client.enqueueMany(noop, short);
  }
}

const PARTS = 10;

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

/** Whom the others meet is left to chance. */
async function killInTheMiddle({ client }: TestPool): Promise<void> {
  const id = await client.enqueue(pause, { ms: 2000 });
  await eventually("a worker is killed in the middle of a job", async () => {
    const job = await client.broker.inspect?.find(id);
    if (job?.holder !== undefined && job.state === "running") kill(pidOf(job.holder));
    return job !== undefined && job.crashes > 0;
  });
}

async function everyJobCompletedOnce({ client: { broker } }: TestPool, total: number): Promise<void> {
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
  expect(seen.size).toBe(total);
  // Had nobody been killed in the middle of a job, this test would show nothing.
  expect(crashes).toBeGreaterThan(0);
}
