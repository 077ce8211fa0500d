import type { Finding } from "../../broker/maintenance.ts";
import type { Memory } from "./table/memory.ts";

/** Looks at a store as an operator would, the worst first. */
export function diagnose(memory: Memory): readonly Finding[] {
  return [
    ...overdue(memory),
    { level: "info", check: "size", message: `${memory.jobs.size} jobs` },
    {
      level: "info",
      check: "durability",
      message: "jobs are kept in this process alone and end with it",
    },
  ];
}

function overdue({ jobs, holders, now }: Memory): readonly Finding[] {
  const at = now();
  const findings: Finding[] = [];
  const hint = "Start a pool or a worker on this store: one of them sees to it.";
  const dead = holders.overdue(at - GRACE_MS).length;
  if (dead > 0) {
    findings.push({
      level: "warning",
      check: "holders",
      message: `${dead} dead workers still hold jobs`,
      hint,
    });
  }
  const oldest = jobs.nextDue?.at ?? at;
  if (oldest > at - GRACE_MS) return findings;
  let due = 0;
  for (const { at: dueMs } of jobs.scheduled()) {
    if (dueMs > at - GRACE_MS) break;
    due++;
  }
  const seconds = Math.round((at - oldest) / 1000);
  const message = `${due} scheduled jobs are due and not made ready, the oldest since ${seconds} s`;
  findings.push({ level: "warning", check: "due", message, hint });
  return findings;
}

const GRACE_MS = 60_000;
