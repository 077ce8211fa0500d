import { setTimeout as delay } from "node:timers/promises";
import { type Client, connect, type HolderStatus, type JobRecord } from "ganger";
import { measureFile } from "./jobs/measure-file.ts";
import type { BatchPool } from "./pool.ts";
import { startProgress } from "./progress.ts";

export interface BatchReport {
  readonly jobs: readonly JobRecord[];
  readonly seconds: number;
  /** The worker that was killed, if one was. */
  readonly victim: string | undefined;
}

/** Enqueues one job per file and waits until the pool has finished them all; half-way it kills a worker unless `calm`. */
export async function runBatch(
  pool: BatchPool,
  files: readonly string[],
  { calm, signal }: { readonly calm: boolean; readonly signal: AbortSignal },
): Promise<BatchReport> {
  const client = await connect(pool.broker);
  try {
    const start = performance.now();
    for (let from = 0; from < files.length; from += 1000) {
      const payloads = files.slice(from, from + 1000).map((path) => ({ path }));
      await client.enqueueMany(measureFile, payloads);
    }
    const victim = await watch(client, pool, files.length, { calm, signal });
    return { jobs: await readAll(client), seconds: (performance.now() - start) / 1000, victim };
  } finally {
    await client[Symbol.asyncDispose]();
  }
}

async function watch(
  client: Client,
  pool: BatchPool,
  total: number,
  { calm, signal }: { readonly calm: boolean; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const progress = startProgress("measuring", total);
  let victim: string | undefined;
  try {
    for (;;) {
      signal.throwIfAborted();
      if (!pool.isRunning) throw new Error(`The pool ended before its work was done:\n${pool.log}`);
      const done = await finished(client);
      const workers = ((await client.broker.inspect?.holders()) ?? []).filter(({ alive }) => alive);
      progress.update(done, workers.length);
      if (done >= total) return victim;
      if (!calm && victim === undefined && done >= total / 2) {
        victim = kill(workers);
        if (victim !== undefined)
          progress.note(`killed worker ${victim} with SIGKILL at ${done} of ${total}`);
      }
      await delay(LOOK_MS);
    }
  } finally {
    progress.stop();
  }
}

const LOOK_MS = 50;

async function finished(client: Client): Promise<number> {
  const queues = (await client.broker.inspect?.queues()) ?? [];
  const counts = queues.find(({ queue }) => queue === measureFile.queue)?.counts;
  return counts === undefined ? 0 : counts.completed + counts.failed + counts.cancelled;
}

/** Ends the worker that holds the most, in the middle of its work. */
function kill(workers: readonly HolderStatus[]): string | undefined {
  const [busiest] = [...workers].sort((a, b) => b.held - a.held);
  const pid = Number(busiest?.holder.split(":")[1]);
  if (busiest === undefined || busiest.held === 0 || !Number.isInteger(pid)) return undefined;
  process.kill(pid, "SIGKILL");
  return busiest.holder;
}

async function readAll(client: Client): Promise<readonly JobRecord[]> {
  const jobs: JobRecord[] = [];
  for (;;) {
    const after = jobs.at(-1)?.id;
    const page = (await client.broker.inspect?.list({ queue: measureFile.queue, limit: 5000, after })) ?? [];
    if (page.length === 0) return jobs;
    jobs.push(...page);
  }
}
