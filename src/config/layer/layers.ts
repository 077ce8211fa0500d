import type { Problem } from "../check/problems.ts";
import { DEFAULTS, EXEC_DEFAULTS, WORKER_DEFAULTS } from "../defaults.ts";
import type { LogFormat, ProcessGroup, TermAction } from "../options.ts";
import { type Env, interpolateLeaf } from "./interpolate.ts";
import { readLegacy } from "./legacy.ts";
import { mapLeaves, overlay, type Path, type Sourced, toSourced } from "./sources.ts";

/** What flags of the command line may say of the configuration. */
export interface FlagValues {
  readonly app?: string | undefined;
  readonly broker?: string | undefined;
  readonly migrate?: boolean | undefined;
  readonly pidfile?: string | false | undefined;
  readonly lock?: string | undefined;
  readonly term?: TermAction | undefined;
  /** In milliseconds. */
  readonly spawnDelay?: number | undefined;
  readonly processGroup?: ProcessGroup | undefined;
  readonly restart?: { readonly all?: boolean | undefined } | undefined;
  readonly log?:
    | {
        readonly format?: LogFormat | undefined;
        readonly stdout?: string | undefined;
        readonly stderr?: string | undefined;
      }
    | undefined;
}

const FLAGS: Readonly<Record<string, string>> = {
  app: "--app",
  broker: "--broker",
  migrate: "--no-migrate",
  pidfile: "--pidfile",
  lock: "--lock",
  term: "--term",
  spawnDelay: "--spawn-delay",
  processGroup: "--single-process-group",
  "restart.all": "--restart-all",
  "log.format": "--json-logs",
  "log.stdout": "--stdout",
  "log.stderr": "--stderr",
};

const VARIABLES: Readonly<Record<string, Path>> = {
  GANGER_APP: ["app"],
  GANGER_BROKER: ["broker"],
  GANGER_MIGRATE: ["migrate"],
  GANGER_STORE: ["store"],
  GANGER_JOBS: ["jobs"],
  GANGER_FORK: ["fork"],
  GANGER_LOG_LEVEL: ["log", "level"],
  GANGER_LOG_FORMAT: ["log", "format"],
  GANGER_PIDFILE: ["pidfile"],
  GANGER_TERM: ["term"],
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
  const legacy = readLegacy(env);
  return {
    tree: withDefaults(filled ?? root, app, legacy.group),
    problems: [...problems, ...legacy.problems],
  };
}

function withDefaults(said: Sourced, app: string, legacy: Sourced): Sourced {
  const tree = overlay(toDefault({ app, ...DEFAULTS }), said);
  const workers = tree.children?.get("workers");
  if (tree.children === undefined || workers?.children === undefined) return tree;
  const groups = Array.from(workers.children, ([list, group]) => [list, toGroup(group, legacy)] as const);
  const filled: Sourced = { source: workers.source, children: new Map(groups) };
  return { source: tree.source, children: new Map([...tree.children, ["workers", filled]]) };
}

/** What is said of a group stays where the file has it, also when a variable counts above some of it. */
function toGroup(group: Sourced, legacy: Sourced): Sourced {
  const { source, ...filled } = overlay(groupDefaults(group), overlay(group, legacy));
  return { ...filled, source: source.kind === "default" ? group.source : source };
}

/** What is a text instead of a mapping stays one, for the schema to complain of. */
function groupDefaults({ children }: Sourced): Sourced {
  const isProgram = children?.get("exec")?.children !== undefined;
  return toDefault(isProgram ? { ...WORKER_DEFAULTS, exec: EXEC_DEFAULTS } : WORKER_DEFAULTS);
}

function toDefault(value: unknown): Sourced {
  return toSourced(value, () => ({ kind: "default" }));
}

/** What `GANGER_*` variables and flags say, flags last. */
export function toOverrides(env: Env, flags: FlagValues): readonly Sourced[] {
  return [...variables(env), toSourced(flags, (path) => ({ kind: "flag", name: nameOf(path, flags) }))];
}

function nameOf(path: Path, { pidfile }: FlagValues): string {
  const key = path.join(".");
  return key === "pidfile" && pidfile === false ? "--no-pidfile" : (FLAGS[key] ?? "a flag");
}

function variables(env: Env): readonly Sourced[] {
  return Object.entries(VARIABLES).flatMap(([name, path]) => {
    const text = env[name];
    if (text === undefined || text === "") return [];
    const nested = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), read(name, text));
    return [toSourced(nested, () => ({ kind: "env", name }))];
  });
}

function read(name: string, text: string): unknown {
  if (name === "GANGER_JOBS") return text.split(",");
  if (name === "GANGER_MIGRATE" && text === "true") return true;
  return (name === "GANGER_PIDFILE" || name === "GANGER_MIGRATE") && text === "false" ? false : text;
}
