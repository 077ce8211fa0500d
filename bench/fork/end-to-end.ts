import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Client, defineJob } from "ganger";
import type { Figure } from "../measure.ts";
import { GangerPool, type PoolSetup } from "../pool/ganger-pool.ts";
import { cpuOf, pssOf, treeOf } from "../pool/proc.ts";
import { scoped } from "../scope.ts";

const JOBS = fileURLToPath(new URL("../programs/heavy-jobs", import.meta.url));
const PATIENCE_MS = 180_000;

/** What `programs/heavy-jobs` runs. */
const think = job("think");
const thinkAnew = job("think-anew");

export interface JobPlan {
  readonly isolation: "inline" | "thread" | "process";
  readonly fork?: "auto" | "never";
  readonly concurrency: number;
  /** By `child_process.fork` in an inline job. */
  readonly isByHand?: boolean;
  readonly count: number;
}

/**
 * Jobs of the heavy application per second, of one worker of a pool: from the call that enqueues all of them until the
 * store has them all as completed. And how many a second of CPU is good for.
 */
export function measureJobs({ count, isByHand = false, ...plan }: JobPlan): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const { isolation, fork = "auto", concurrency } = plan;
    const group = { isolation, concurrency };
    const pool = new GangerPool({ ...HEAVY_POOL, workers: 1, group, config: { fork, ...KEEP } }, defer);
    const manager = await pool.started();
    const client = await pool.open();
    const kind = isByHand ? thinkAnew : think;
    await run(client, kind, concurrency * 2);
    const before = cpuOf(treeOf(manager.pid));
    const start = performance.now();
    await run(client, kind, count, concurrency * 2);
    const ms = performance.now() - start;
    const cpu = cpuOf(treeOf(manager.pid)) - before;
    return [
      { unit: "jobs/s", value: (count / ms) * 1000 },
      { detail: "of all processes", unit: "jobs per s of CPU", value: (count / cpu) * 1000 },
    ];
  });
}

/** Memory of pools of so many workers, all of their processes, idle; and of the last when its workers have run so many jobs each, more or less. */
export function measurePools(
  fork: "auto" | "never",
  counts: readonly number[],
  jobs: number,
): Promise<readonly Figure[]> {
  const last = counts.at(-1);
  return scoped(async (defer) => {
    const figures: Figure[] = [];
    for (const workers of counts) {
      const setup = { ...HEAVY_POOL, workers, config: { fork, ...KEEP } };
      const pool = new GangerPool(setup, defer);
      const manager = await pool.started();
      figures.push({ detail: `${workers} idle`, unit: "MiB", value: pssOf(treeOf(manager.pid)) });
      if (workers === last) {
        await run(await pool.open(), think, workers * jobs);
        const detail = `${workers} after ${jobs} jobs each`;
        figures.push({ detail, unit: "MiB", value: pssOf(treeOf(manager.pid)) });
      }
      await manager.kill();
    }
    return figures;
  });
}

const HEAVY_POOL = { jobs: JOBS, lists: ["work"] } satisfies Partial<PoolSetup>;
const KEEP = { retention: { completed: { count: 1_000_000 } } };

function job(name: string) {
  return defineJob({ name, queue: "work", async perform(_payload: { readonly n: number }) {} });
}

/** Resolves when they are on record as completed, beside those that were before. */
async function run(client: Client, kind: ReturnType<typeof job>, count: number, before = 0): Promise<void> {
  const payloads = Array.from({ length: count }, (_, n) => ({ n }));
  await client.enqueueMany(kind, payloads);
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const counts = (await client.broker.inspect?.queues())?.[0]?.counts;
    if (counts?.completed === before + count) return;
    if ((counts?.failed ?? 0) > 0) throw new Error(`jobs failed: ${JSON.stringify(counts)}`);
    if (performance.now() > deadline) throw new Error(`not done: ${JSON.stringify(counts)}`);
    await delay(5);
  }
}
