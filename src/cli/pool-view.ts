import type { GroupStatus, MemberStatus, PoolStatus } from "../control/messages.ts";
import { formatBytes } from "../job/size.ts";
import { counted, excerpt, type Paint, type Style, toTime } from "./output.ts";
import { table } from "./table.ts";

const STATE_STYLE: Readonly<Record<PoolStatus["state"], Style>> = {
  running: "green",
  reloading: "cyan",
  empty: "yellow",
  stopping: "yellow",
};

const MEMBER_STYLE: Readonly<Partial<Record<MemberStatus["state"], Style>>> = {
  working: "cyan",
  paused: "yellow",
  draining: "yellow",
  cooling: "red",
};

/** A pool for people: who manages it, its groups, its workers and what happened last. */
export function poolView(pool: PoolStatus, paint: Paint): string {
  const { groups, events } = pool;
  const members = groups.flatMap((group) => group.workers.map((worker) => [group, worker] as const));
  const sections = [
    header(pool, paint),
    groups.length === 0 ? paint("dim", "the pool is empty") : groupTable(groups, paint),
    ...(members.length === 0 ? [] : [memberTable(members, paint)]),
    ...(events.length === 0 ? [] : [eventList(events, paint)]),
  ];
  return sections.join("\n\n");
}

function header(
  { app, environment, state, pid, startedAtMs, coordinator, forks, file }: PoolStatus,
  paint: Paint,
) {
  const name = `${paint("bold", "pool")}  ${excerpt(app, 100)} (${excerpt(environment, 100)})`;
  const since = `manager ${pid} since ${timeOf(startedAtMs)}`;
  const lines = [
    `${name}, ${paint(STATE_STYLE[state], state)}, ${since}, ${coordination(coordinator)}${forking(forks)}`,
  ];
  if (file !== undefined) lines.push(paint("dim", `      ${excerpt(file, 500)}`));
  return lines.join("\n");
}

function forking(forks: PoolStatus["forks"]): string {
  if (forks === undefined) return "";
  const { pid, state } = forks;
  return `, fork server ${pid === undefined ? "" : `${pid} `}${excerpt(state, 30)}`;
}

function coordination(coordinator: PoolStatus["coordinator"]): string {
  if (coordinator === undefined) return "no coordinator";
  const { pid, state } = coordinator;
  return `coordinator ${pid === undefined ? "" : `${pid} `}${excerpt(state, 30)}`;
}

function groupTable(groups: readonly GroupStatus[], paint: Paint): string {
  const columns = [
    { title: "group" },
    { title: "wanted", align: "right" as const },
    { title: "running", align: "right" as const },
    { title: "orphans", align: "right" as const },
    { title: "state" },
  ];
  const rows = groups.map((group) => [
    excerpt(group.queues, 60),
    group.wanted,
    group.workers.filter(isRunning).length,
    group.orphans.length === 0 ? paint("dim", "0") : group.orphans.length,
    groupState(group, paint),
  ]);
  return [table(columns, rows, paint), ...groups.flatMap(remarks)].join("\n");
}

function groupState({ wanted, workers, failing }: GroupStatus, paint: Paint): string {
  if (failing !== undefined) return paint("red", "failing");
  const running = workers.filter(isRunning).length;
  if (running < wanted) return paint("yellow", "starting");
  return running > wanted ? paint("yellow", "shrinking") : paint("green", "ok");
}

/** What does not fit into a table: why a group fails, and who is left of an earlier manager. */
function remarks({ queues, failing, orphans }: GroupStatus): readonly string[] {
  const name = excerpt(queues, 60);
  const lines: string[] = [];
  if (failing !== undefined) {
    const { failures, nextInMs, reason } = failing;
    const next = `next try in ${Math.max(0, Math.ceil(nextInMs / 1000))} s`;
    lines.push(`${name}: ${counted(failures, "failed start")}, ${next}: ${excerpt(reason, 300)}`);
  }
  if (orphans.length > 0) {
    const pids = orphans.map(({ pid }) => pid).join(", ");
    const theirs = orphans.length === 1 ? "finishes its jobs" : "finish their jobs";
    lines.push(`${name}: ${counted(orphans.length, "worker")} of an earlier manager ${theirs}: ${pids}`);
  }
  return lines;
}

function memberTable(members: readonly (readonly [GroupStatus, MemberStatus])[], paint: Paint): string {
  const columns = [
    { title: "pid", align: "right" as const },
    { title: "group" },
    { title: "state" },
    { title: "job" },
    { title: "since" },
    { title: "done", align: "right" as const },
    { title: "memory", align: "right" as const },
    { title: "" },
  ];
  const rows = members.map(([{ queues }, worker]) => [
    worker.pid ?? "",
    excerpt(queues, 40),
    memberState(worker, paint),
    jobsOf(worker),
    timeOf(worker.jobs[0]?.sinceMs ?? worker.sinceMs),
    worker.done,
    worker.rss === undefined ? "" : formatBytes(worker.rss),
    fate(worker),
  ]);
  return table(columns, rows, paint);
}

function memberState({ state }: MemberStatus, paint: Paint): string {
  const style = MEMBER_STYLE[state];
  return style === undefined ? state : paint(style, state);
}

function jobsOf({ jobs: [first, ...others] }: MemberStatus): string {
  if (first === undefined) return "";
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return `${excerpt(first.name, 40)} ${excerpt(first.id, 40)}${more}`;
}

/** Why a worker is about to go. */
function fate({ worn, isReplaced }: MemberStatus): string {
  const replaced = isReplaced ? "replaced" : "";
  if (worn === undefined) return replaced;
  const why = reasonOf(worn);
  return isReplaced ? `replaced: ${why}` : why;
}

function reasonOf(worn: NonNullable<MemberStatus["worn"]>): string {
  switch (worn.reason) {
    case "maxAge":
      return "reached its age";
    case "maxJobs":
      return `did ${counted(worn.done, "job")}`;
    case "memory": {
      const [most] = worn.grew;
      const grew =
        most === undefined ? "" : `, ${formatBytes(most.bytes)} of it in ${excerpt(most.name, 40)}`;
      return `grew to ${formatBytes(worn.rss)}${grew}`;
    }
  }
}

function eventList(events: PoolStatus["events"], paint: Paint): string {
  const lines = events.map(({ atMs, text }) => `${paint("dim", timeOf(atMs))}  ${excerpt(text, 300)}`);
  return [paint("bold", "last events"), ...lines].join("\n");
}

/** One that takes or runs jobs, or could. */
function isRunning({ state }: MemberStatus): boolean {
  return state === "waiting" || state === "working" || state === "paused";
}

/** A manager of another release may say anything. */
function timeOf(ms: number | undefined): string {
  if (ms === undefined || Number.isNaN(new Date(ms).getTime())) return "";
  return toTime(new Date(ms));
}
