import type { Env } from "./interpolate.ts";
import { isMapping, type Path, type Source, type Sourced, toSourced } from "./sources.ts";

/** The environment a process is in, and who said so. */
export interface Environment {
  readonly name: string;
  readonly from: "flag" | "GANGER_ENV" | "NODE_ENV" | "default";
}

export function chooseEnvironment(flag: string | undefined, env: Env): Environment {
  if (flag !== undefined) return { name: flag, from: "flag" };
  if (env["GANGER_ENV"]) return { name: env["GANGER_ENV"], from: "GANGER_ENV" };
  if (env["NODE_ENV"]) return { name: env["NODE_ENV"], from: "NODE_ENV" };
  return { name: "development", from: "default" };
}

/** A configuration file taken apart: what always counts, and what counts in one environment. */
export interface Parts {
  readonly root: Sourced;
  readonly sections: ReadonlyMap<string, Sourced>;
}

/** Takes the data of a file apart. A number of workers becomes a mapping, so that it can be laid over one. */
export function takeApart(data: unknown, sourceOf: (path: Path) => Source): Parts {
  if (!isMapping(data)) return { root: toSourced(data ?? {}, sourceOf), sections: new Map() };
  const { environments, ...rest } = data;
  const sections = new Map<string, Sourced>();
  if (isMapping(environments)) {
    for (const [name, section] of Object.entries(environments)) {
      const path = ["environments", name];
      sections.set(
        name,
        toSourced(expandWorkers(section ?? {}), (at) => sourceOf([...path, ...at])),
      );
    }
    return { root: toSourced(expandWorkers(rest), sourceOf), sections };
  }
  // What is no mapping stays where it is, for the schema to complain of.
  return { root: toSourced(expandWorkers(data), sourceOf), sections };
}

function expandWorkers(section: unknown): unknown {
  if (!isMapping(section) || !isMapping(section["workers"])) return section;
  const groups = Object.entries(section["workers"]).map(
    ([list, group]) => [list, isCount(group) ? { count: group } : (group ?? {})] as const,
  );
  return { ...section, workers: Object.fromEntries(groups) };
}

/** A number of workers, or a variable that holds one. */
function isCount(group: unknown): boolean {
  return typeof group === "number" || (typeof group === "string" && group.includes("${"));
}
