import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, defineJob } from "ganger";
import { type Figure, quantile } from "../measure.ts";
import { scoped } from "../scope.ts";
import { GangerPool, isReady } from "./ganger-pool.ts";
import { cpuOf, pssOf, treeOf } from "./proc.ts";
import type { Line, Program } from "./program.ts";

/** CPU of a pool that has nothing to do, and its memory then. */
export function measureRest(workers: number, seconds: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const manager = await new GangerPool({ workers }, defer).started();
    await delay(1000);
    const pids = treeOf(manager.pid);
    const before = cpuOf(pids);
    await delay(seconds * 1000);
    const used = cpuOf(pids) - before;
    return [
      { detail: "CPU", unit: "ms per s", value: used / seconds },
      { detail: "memory (PSS)", unit: "MiB", value: pssOf(pids) },
    ];
  });
}

/**
 * With a job in every worker: from the moment that the jobs may end to the end of
 * a pool that was asked to drain before, and from a request to abort to the end of another.
 */
export async function measureBusyStop(workers: number): Promise<readonly Figure[]> {
  const drained = await scoped(async (defer) => {
    const { manager, file } = await startBusy(new GangerPool({ workers }, defer), workers);
    manager.signal("SIGTERM");
    await manager.line(({ msg }) => msg.includes("drain") || msg.includes("stopping"));
    const start = performance.now();
    rmSync(file);
    return (await manager.ended()) - start;
  });
  const aborted = await scoped(async (defer) => {
    const pool = new GangerPool({ workers }, defer);
    const { manager, client } = await startBusy(pool, workers);
    const start = performance.now();
    const asked = pool.ask(manager, { type: "stop", how: "immediate" });
    const end = await manager.ended();
    await asked;
    const counts = (await client.broker.inspect?.queues())?.[0]?.counts;
    if (counts?.waiting !== workers) throw new Error(`not all jobs went back: ${JSON.stringify(counts)}`);
    return end - start;
  });
  return [
    { detail: "drain, from the end of the jobs", unit: "ms", value: drained },
    { detail: "abort", unit: "ms", value: aborted },
  ];
}

/**
 * Kills workers with a job, one after the other. From SIGKILL until the log says that it died, until the job has
 * begun in another worker, and until the replacement is ready: medians of a run.
 */
export function measureCrash(workers: number, kills: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const pool = new GangerPool({ workers }, defer);
    const { manager, client, file } = await startBusy(pool, 0);
    const known: number[] = [];
    const again: number[] = [];
    const replaced: number[] = [];
    for (let nth = 0; nth < kills; nth++) {
      const before = manager.lines.length;
      const [job = ""] = await hold(client, file, 1);
      const began = await manager.line((line) => line.job === job, 1, before);
      const start = performance.now();
      process.kill(began.pid ?? Number.NaN, "SIGKILL");
      known.push((await manager.line(({ msg }) => msg === "worker died", 1, before)).at - start);
      const other = (line: Line) => line.job === job && line.pid !== began.pid;
      again.push((await manager.line(other, 1, before)).at - start);
      replaced.push((await manager.line(isReady, 1, before)).at - start);
      rmSync(file);
      while (await isBusy(client)) await delay(5);
    }
    return [
      { detail: "its death is known", unit: "ms", value: median(known) },
      { detail: "its job runs in another", unit: "ms", value: median(again) },
      { detail: "its replacement is ready", unit: "ms", value: median(replaced) },
    ];
  });
}

interface BusyPool {
  readonly manager: Program;
  readonly client: Client;
  /** The jobs run for as long as it is there. */
  readonly file: string;
}

/** A pool that runs so many jobs. */
async function startBusy(pool: GangerPool, jobs: number): Promise<BusyPool> {
  const manager = await pool.started();
  const client = await pool.open();
  const file = join(pool.folder, "hold");
  await hold(client, file, jobs);
  if (jobs > 0) await manager.line(({ msg }) => msg === "began", jobs);
  return { manager, client, file };
}

/** What `programs/jobs` runs. */
const holdJob = defineJob({
  name: "hold",
  queue: "work",
  async perform(_payload: { readonly file: string }) {},
});

async function hold(client: Client, file: string, count: number): Promise<readonly string[]> {
  writeFileSync(file, "");
  return client.enqueueMany(
    holdJob,
    Array.from({ length: count }, () => ({ file })),
  );
}

async function isBusy({ broker }: Client): Promise<boolean> {
  return ((await broker.inspect?.holders()) ?? []).some(({ held }) => held > 0);
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}
