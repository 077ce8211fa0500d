import type { Problem } from "../check/problems.ts";
import { DEFAULTS, WORKER_DEFAULTS } from "../defaults.ts";
import type { LogFormat } from "../options.ts";
import { type Env, interpolateLeaf } from "./interpolate.ts";
import { mapLeaves, overlay, type Path, type Sourced, toSourced } from "./sources.ts";

/** What flags of the command line may say of the configuration. */
export interface FlagValues {
  readonly broker?: string | undefined;
  readonly log?: { readonly format?: LogFormat | undefined } | undefined;
}

const FLAGS: Readonly<Record<string, string>> = { broker: "--broker", "log.format": "--json-logs" };

const VARIABLES: Readonly<Record<string, Path>> = {
  GANGER_APP: ["app"],
  GANGER_BROKER: ["broker"],
  GANGER_JOBS: ["jobs"],
  GANGER_LOG_LEVEL: ["log", "level"],
  GANGER_LOG_FORMAT: ["log", "format"],
};

export interface Layers {
  readonly root: Sourced;
  readonly section: Sourced | undefined;
  /** The name of the application where none is said. */
  readonly app: string;
  /** Fills in the variables of the file. */
  readonly env: Env;
  /** What is laid over the file. */
  readonly overrides: readonly Sourced[];
}

export interface Merged {
  readonly tree: Sourced;
  /** References to variables that are not set. Their values are left out of the tree. */
  readonly problems: readonly Problem[];
}

/** Lays defaults, file, section and overrides over one another, and fills in the file's variables. */
export function mergeLayers({ root, section, app, env, overrides }: Layers): Merged {
  const above = section === undefined ? overrides : [section, ...overrides];
  const said = above.reduce(overlay, root);
  const problems: Problem[] = [];
  const filled = mapLeaves(said, (leaf, path) => {
    if (leaf.source.kind !== "file") return leaf;
    const result = interpolateLeaf(leaf, path, env);
    problems.push(...result.problems.map((reason) => ({ path, reason, source: leaf.source })));
    return result.problems.length === 0 ? result.leaf : undefined;
  });
  return { tree: withDefaults(filled ?? root, app), problems };
}

function withDefaults(said: Sourced, app: string): Sourced {
  const tree = overlay(toDefault({ app, ...DEFAULTS }), said);
  const workers = tree.children?.get("workers");
  if (tree.children === undefined || workers?.children === undefined) return tree;
  const below = toDefault(WORKER_DEFAULTS);
  const groups = Array.from(workers.children, ([list, group]) => [list, overlay(below, group)] as const);
  const filled: Sourced = { source: workers.source, children: new Map(groups) };
  return { source: tree.source, children: new Map([...tree.children, ["workers", filled]]) };
}

function toDefault(value: unknown): Sourced {
  return toSourced(value, () => ({ kind: "default" }));
}

/** What `GANGER_*` variables and flags say, flags last. */
export function toOverrides(env: Env, flags: FlagValues): readonly Sourced[] {
  return [
    ...variables(env),
    toSourced(flags, (path) => ({ kind: "flag", name: FLAGS[path.join(".")] ?? "a flag" })),
  ];
}

function variables(env: Env): readonly Sourced[] {
  return Object.entries(VARIABLES).flatMap(([name, path]) => {
    const text = env[name];
    if (text === undefined || text === "") return [];
    const value: unknown = name === "GANGER_JOBS" ? text.split(",") : text;
    const nested = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
    return [toSourced(nested, () => ({ kind: "env", name }))];
  });
}
