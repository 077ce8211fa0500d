import { expect, it } from "vitest";
import { traces, tracesApart } from "../fixtures/jobs-forks/jobs.mjs";
import { eventually } from "../support/eventually.ts";
import { ForkPool } from "../support/fork-pool.ts";
import { titleOf } from "../support/pool-folder.ts";
import { childrenOf, kill } from "../support/test-pool.ts";

const KILLS = process.env["GANGER_TEST_LONG"] === undefined ? 15 : 200;
const KINDS = ["job", "worker", "server", "coordinator", "manager"] as const;
/** Runs that may end at one time without having been reported: those of all workers, and what they have yet to settle. */
const AT_ONCE = 12;
/** Jobs that are added with every kill. */
const BATCH = 20;

it(`loses nothing and leaves nothing while ${KILLS} of its processes are killed`, {
  timeout: KILLS * 10_000,
}, async () => {
  await using forks = await ForkPool.start({ workers: { work: { count: 3, concurrency: 2 } } }, 3);
  const killed: Record<string, number> = {};
  let total = await enqueue(forks);
  // Whom a kill meets is left to chance: there are some more when none has met a job.
  for (let kills = 0; kills < KILLS || (kills < 4 * KILLS && !(await hasCrash(forks))); kills++) {
    total += await enqueue(forks);
    const done = await forks.pool.count("completed");
    await eventually(
      () => `jobs are done after ${JSON.stringify(killed)}\n${forks.pool.log.slice(-6000)}`,
      async () => (await forks.pool.count("completed")) > done + Math.random() * BATCH * 0.75,
    );
    const kind = await killOne(forks);
    killed[kind] = (killed[kind] ?? 0) + 1;
  }

  await eventually(
    async () =>
      `all ${total} jobs are done after ${JSON.stringify(killed)}\n${forks.picture()}\n${await forks.pool.report()}`,
    async () => (await forks.pool.count("completed")) === total,
    120_000,
  );
  await everyJobRanAsCounted(forks, total);
  const findings = (await forks.pool.client.broker.maintenance?.doctor()) ?? [];
  expect(findings.filter(({ level }) => level === "error")).toEqual([]);
  forks.pool.signal("SIGTERM");
  expect(await forks.pool.ended()).toBe(0);
  await forks.isGone();
  expect(forks.files()).toEqual([]);
});

async function hasCrash({ pool }: ForkPool): Promise<boolean> {
  const jobs = (await pool.client.broker.inspect?.list({ queue: "work", limit: 100_000 })) ?? [];
  return jobs.some(({ crashes }) => crashes > 0);
}

/** As many of those that run in their worker as of those that have a process of their own. */
async function enqueue(forks: ForkPool): Promise<number> {
  const payloads = Array.from({ length: BATCH / 2 }, () => ({ file: forks.file("trace"), ms: 20 }));
  for (const job of [traces, tracesApart]) await forks.pool.client.enqueueMany(job, payloads);
  return BATCH;
}

/** Kills one process that is there at the moment, whatever it does. */
async function killOne(forks: ForkPool): Promise<(typeof KINDS)[number]> {
  return eventually(
    () => `somebody can be killed\n${forks.pool.log.slice(-6000)}`,
    async () => {
      const kind = KINDS[Math.floor(Math.random() * KINDS.length)] ?? "worker";
      const victim = await victimOf(forks, kind);
      if (victim === undefined) return false;
      kill(victim);
      if (kind === "manager") {
        await forks.pool.ended();
        forks.pool.startManager();
      }
      return kind;
    },
  );
}

async function victimOf(forks: ForkPool, kind: (typeof KINDS)[number]): Promise<number | undefined> {
  const status = await forks.pool.status().catch(() => undefined);
  if (kind === "manager") return status?.pid;
  if (kind === "coordinator") return status?.coordinator?.pid;
  const server = status?.forks?.pid;
  if (kind === "server") return server;
  const pids = (status?.groups ?? []).flatMap(({ workers }) => workers.map(({ pid }) => pid));
  const jobs = childrenOf(server ?? 0).filter((pid) => titleOf(pid).endsWith(": job"));
  const all = kind === "worker" ? pids : jobs;
  return all[Math.floor(Math.random() * all.length)];
}

/**
 * A job that was cut off was counted as that. One that ended may run again uncounted, when its worker was killed before
 * it could report it: delivery is at least once.
 */
async function everyJobRanAsCounted(forks: ForkPool, total: number): Promise<void> {
  const jobs = (await forks.pool.client.broker.inspect?.list({ queue: "work", limit: total })) ?? [];
  expect(jobs).toHaveLength(total);
  const lines = forks.lines("trace").map((line) => line.split(" "));
  const runs = groupById(lines);
  for (const job of jobs) {
    expect(job).toMatchObject({ state: "completed", attempts: 0 });
    const of = runs.get(job.id) ?? [];
    const [began = 0, ended = 0] = ["began", "ended"].map(
      (word) => of.filter(([what]) => what === word).length,
    );
    expect(ended).toBeGreaterThan(0);
    expect(began - ended).toBeLessThanOrEqual(job.crashes + job.interruptions);
  }
  const repeated = lines.filter(([what]) => what === "ended").length - total;
  expect(repeated).toBeLessThanOrEqual(KILLS * AT_ONCE);
  // Had nobody been killed in the middle of a job, this test would show nothing.
  expect(jobs.some(({ crashes }) => crashes > 0)).toBe(true);
}

function groupById(
  lines: readonly (readonly string[])[],
): ReadonlyMap<string, readonly (readonly string[])[]> {
  const found = new Map<string, (readonly string[])[]>();
  for (const line of lines) found.set(line[1] ?? "", [...(found.get(line[1] ?? "") ?? []), line]);
  return found;
}
