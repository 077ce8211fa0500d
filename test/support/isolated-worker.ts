import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type JobDetails, JobRegistry, Worker, type WorkerOptions } from "ganger";
import { onTestFinished } from "vitest";
import * as jobs from "../fixtures/jobs-isolation/jobs.ts";
import { builtJobs } from "./built-jobs.ts";
import { eventually } from "./eventually.ts";

const MODULES = builtJobs("jobs-isolation");
/** All but those that say where they run. */
export const ALL = new JobRegistry(
  Object.values(jobs).filter(({ isolation }) => isolation === undefined) as never,
);

/** A folder for one test. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ganger-isolation-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A worker of this process whose jobs run where they are told to. */
export async function start(
  isolation: WorkerOptions["isolation"],
  options: WorkerOptions = {},
  registry = ALL,
  broker = "memory:",
) {
  const client = await connect(broker);
  const worker = new Worker(client.broker, registry, {
    ledger: false,
    isolation,
    modules: MODULES,
    ...options,
  });
  await worker.start();
  onTestFinished(async () => {
    await worker.drain({ timeout: 0, grace: 0 });
    await client[Symbol.asyncDispose]();
  });
  const find = async (id: string) => {
    const job = await client.broker.inspect?.find(id);
    if (job === undefined) throw new Error(`There is no job ${id}`);
    return job;
  };
  const reaches = (id: string, ...states: readonly JobDetails["state"][]) =>
    eventually(
      async () => `${id} is ${states.join(" or ")}: ${JSON.stringify(await find(id))}`,
      async () => {
        // The memory broker answers in microtasks only.
        await new Promise(setImmediate);
        const job = await find(id);
        return states.includes(job.state) && job;
      },
    );
  const finished = (id: string) => reaches(id, "completed", "failed", "cancelled");
  return { client, worker, find, reaches, finished };
}

export function lines(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8").trim().split("\n").filter(Boolean);
  } catch {
    return [];
  }
}

export async function isGone(pid: number): Promise<boolean> {
  return eventually(`${pid} is gone`, () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
}
