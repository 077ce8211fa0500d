import type { Env } from "./interpolate.ts";
import { isMapping, type Path, type Source, type Sourced, toSourced } from "./sources.ts";

/** Variables that name the environment, the first that is set counts. */
const VARIABLES = ["GANGER_ENV", "NODE_ENV", "RACK_ENV", "RAILS_ENV", "RESQUE_ENV", "QLESS_ENV"] as const;

/** The environment a process is in, and who said so. */
export interface Environment {
  readonly name: string;
  readonly from: "flag" | (typeof VARIABLES)[number] | "default";
}

export function chooseEnvironment(flag: string | undefined, env: Env): Environment {
  if (flag !== undefined) return { name: flag, from: "flag" };
  for (const from of VARIABLES) {
    const name = env[from];
    if (name !== undefined && name !== "") return { name, from };
  }
  return { name: "development", from: "default" };
}

/** A configuration file taken apart: what always counts, and what counts in one environment. */
export interface Parts {
  readonly root: Sourced;
  readonly sections: ReadonlyMap<string, Sourced>;
}

/** Takes the data of a file apart. A number of workers becomes a mapping, and so does a command, so that it can be laid over one. */
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
    ([list, group]) => [list, expandGroup(group)] as const,
  );
  return { ...section, workers: Object.fromEntries(groups) };
}

function expandGroup(group: unknown): unknown {
  if (isCount(group)) return { count: group };
  if (!isMapping(group)) return group ?? {};
  const { exec } = group;
  const isCommand = typeof exec === "string" || Array.isArray(exec);
  return isCommand ? { ...group, exec: { command: exec } } : group;
}

/** A number of workers, or a variable that holds one. */
function isCount(group: unknown): boolean {
  return typeof group === "number" || (typeof group === "string" && /\$\{|^\d+$/.test(group));
}
