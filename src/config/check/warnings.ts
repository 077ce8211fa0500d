import { existsSync } from "node:fs";
import type { Environment } from "../layer/environment.ts";
import type { Settings, WorkerGroup } from "../resolved.ts";
import { suggest } from "./suggestions.ts";

/** What is allowed and yet most likely not meant, one sentence each. */
export function findWarnings(settings: Settings): readonly string[] {
  const { workers, jobs } = settings;
  const total = workers.reduce((sum, { count }) => sum + count, 0);
  return [
    ...(total === 0 ? ["workers: there are none, so nothing will be run here"] : []),
    ...workers.flatMap(ofGroup),
    ...jobs.filter((path) => !existsSync(path)).map((path) => `jobs: ${path} does not exist`),
  ];
}

function ofGroup({ queues, concurrency, order }: WorkerGroup): readonly string[] {
  const entries = queues.split(",").filter((entry) => !entry.startsWith("!"));
  const star = entries.indexOf("*");
  const hidden = star < 0 || order !== "strict" ? [] : entries.slice(star + 1);
  return [
    ...(concurrency > 500 ? [`workers."${queues}": a concurrency of ${concurrency} is unusually high`] : []),
    ...(hidden.length > 0
      ? [`workers."${queues}": ${hidden.join(",")} has no effect behind *, which matches every queue`]
      : []),
  ];
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
