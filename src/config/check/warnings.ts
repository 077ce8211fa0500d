import { existsSync } from "node:fs";
import { QueueList } from "../../job/queue-list.ts";
import type { Environment } from "../layer/environment.ts";
import { type Path, type Sourced, sourceAt } from "../layer/sources.ts";
import type { Settings, WorkerGroup } from "../resolved.ts";
import { findMemoryWarning, memoryOfHost } from "./memory.ts";
import type { Problem } from "./problems.ts";
import { findHidden, findStarving } from "./starvation.ts";
import { suggest } from "./suggestions.ts";

/** What is allowed and yet most likely not meant, one sentence each. */
export function findWarnings(settings: Settings, tree: Sourced, memory = memoryOfHost()): readonly Problem[] {
  const { workers, jobs, hooks, fork, preload } = settings;
  const total = workers.reduce((sum, { count }) => sum + count, 0);
  const ofWorkers = [
    ...workers.flatMap(ofGroup),
    ...findStarving(workers),
    ...findMemoryWarning(workers, memory),
  ];
  return [
    ...(total === 0
      ? [warning([], "workers: there are none, so nothing will be run here", { kind: "default" })]
      : []),
    ...ofWorkers.map(({ path, reason }) => warning(asWritten(path, tree), reason)),
    ...[...jobs, ...(hooks === undefined ? [] : [hooks])]
      .filter((path) => !existsSync(path))
      .map((path) => warning([path === hooks ? "hooks" : "jobs"], `${path} does not exist`)),
    ...(fork === "never" && preload.length > 0
      ? [warning(["preload"], "has no effect, as fork is never")]
      : []),
    ...ofTimes(settings, tree),
  ];
}

function ofGroup(group: WorkerGroup): readonly Problem[] {
  const { queues, concurrency, stopMs, graceMs, maxAgeMs, maxJobs, isolation, exec } = group;
  const about = (key: string, reason: string) => warning(["workers", queues, key], reason);
  return [
    ...findHidden(group),
    ...(concurrency > 500 ? [about("concurrency", `${concurrency} at a time is unusually high`)] : []),
    ...(stopMs === 0 ? [about("stop", "jobs are aborted at once when a worker must stop")] : []),
    ...(graceMs > stopMs && stopMs > 0
      ? [about("grace", "is longer than stop: jobs have more time to clean up than to end")]
      : []),
    ...(maxAgeMs !== undefined && maxAgeMs < stopMs
      ? [about("maxAge", "is shorter than stop: a worker may take longer to go than it was there")]
      : []),
    ...(exec !== undefined && maxJobs !== undefined
      ? [about("maxJobs", "has no effect on a program, whose jobs cannot be counted")]
      : []),
    ...(exec !== undefined && isolation.type !== "inline"
      ? [about("isolation", "has no effect on a program, which runs its jobs itself")]
      : []),
  ];
}

function ofTimes({ bootMs }: Settings, tree: Sourced): readonly Problem[] {
  const said = tree.children?.get("signals")?.children;
  const isTermSaid = Array.from(said?.keys() ?? []).some((name) => /^(?:SIG)?TERM$/i.test(name));
  const isIdle = isTermSaid && sourceAt(tree, ["term"]).kind !== "default";
  return [
    ...(isIdle ? [warning(["term"], "has no effect, as signals says what SIGTERM does")] : []),
    ...(bootMs < 1000 ? [warning(["boot"], "is hardly enough for a process to start")] : []),
  ];
}

function warning(path: Path, reason: string, source?: Problem["source"]): Problem {
  return source === undefined ? { path, reason } : { path, reason, source };
}

/** A queue list as the file has it, which may have blanks. */
function asWritten(path: Path, tree: Sourced): Path {
  const [first, label, ...rest] = path;
  if (first !== "workers" || label === undefined) return path;
  const lists = [...(tree.children?.get("workers")?.children?.keys() ?? [])];
  return ["workers", lists.find((list) => QueueList.parse(list).label === label) ?? label, ...rest];
}

/** A warning for an environment that somebody named and nobody described. */
export function findMissingSection(
  { name, from }: Environment,
  sections: readonly string[],
): readonly string[] {
  const isNamed = from === "flag" || from === "GANGER_ENV";
  if (!isNamed || sections.length === 0 || sections.includes(name)) return [];
  const meant = suggest(name, sections);
  const advice = meant === undefined ? `there is ${sections.join(", ")}` : `did you mean ${meant}?`;
  return [`environments: there is no section for "${name}"; ${advice}`];
}
