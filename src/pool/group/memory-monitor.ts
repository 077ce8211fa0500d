import type { Worn } from "../../ipc/messages.ts";
import { childrenOf, groupOf, proportionalOf, residentTree } from "../../util/proc-stat.ts";
import type { Groups } from "./groups.ts";
import type { PoolWorker } from "./pool-worker.ts";

export interface MemoryListener {
  /** Processes that workers and their jobs are forked from. */
  readonly servers: () => readonly number[];
  /** A worker went beyond what it may have at all. */
  readonly onExcess: (worker: PoolWorker, rss: number, hard: number) => void;
  /** A worker is to be replaced, and has not told so itself. */
  readonly onWorn: (worker: PoolWorker, worn: Worn) => void;
}

/**
 * Looks from outside at what each worker and its jobs' processes hold in memory:
 * also those that are the user's own programs, and those that are too busy to look
 * themselves.
 */
export function startMemoryMonitor(groups: Groups, listener: MemoryListener): Disposable {
  const timer = setInterval(() => {
    const forked = forkedJobs(listener.servers());
    for (const { pid, worker } of withPids(groups)) {
      worker.rss = heldBy(pid, forked.get(pid) ?? []);
      judge(worker, listener);
    }
  }, LOOK_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function* withPids(groups: Groups) {
  for (const worker of groups.workers) {
    const { pid } = worker;
    if (pid !== undefined) yield { pid, worker };
  }
}

/** Jobs that are forked are no children of their worker, but of its process group. */
function forkedJobs(servers: readonly number[]): ReadonlyMap<number, readonly number[]> {
  const jobs = new Map<number, number[]>();
  for (const pid of servers.flatMap((server) => childrenOf(server) ?? [])) {
    const group = groupOf(pid);
    if (group !== undefined && group !== pid) jobs.set(group, [...(jobs.get(group) ?? []), pid]);
  }
  return jobs;
}

/** Of a forked job only its share counts of what it shares with the application. */
function heldBy(worker: number, jobs: readonly number[]): number | undefined {
  const own = residentTree(worker);
  if (own === undefined) return undefined;
  return jobs.reduce((sum, job) => sum + (proportionalOf(job) ?? 0), own);
}

function judge(worker: PoolWorker, { onExcess, onWorn }: MemoryListener): void {
  const { rss, home, spec } = worker;
  const { memory } = home?.spec ?? spec;
  if (rss === undefined || memory === undefined) return;
  if (rss > memory.hard) return onExcess(worker, rss, memory.hard);
  if (rss <= memory.soft || worker.worn !== undefined || worker.state !== "running") return;
  const worn: Worn = { reason: "memory", rss, grew: [] };
  worker.worn = worn;
  onWorn(worker, worn);
}

const LOOK_MS = 1000;
