import { basename, dirname, resolve } from "node:path";
import { toAbsoluteBroker, withStore } from "./broker-path.ts";
import { invalidReports, type Problem, report, toProblems } from "./check/problems.ts";
import { findMissingSection, findWarnings } from "./check/warnings.ts";
import { type ExplainedValue, explain, toKey } from "./explain.ts";
import type { Evaluate } from "./file/evaluated.ts";
import { findConfigFile, missingConfig } from "./file/find.ts";
import { type ConfigFile, readConfigFile } from "./file/read.ts";
import { chooseEnvironment, type Environment, type Parts, takeApart } from "./layer/environment.ts";
import type { Env } from "./layer/interpolate.ts";
import { type FlagValues, type Merged, mergeLayers, toOverrides } from "./layer/layers.ts";
import { type Path, type Source, type Sourced, sourceAt, toPlain } from "./layer/sources.ts";
import { deepFreeze, type ResolvedConfig, type Settings } from "./resolved.ts";
import { settingsSchema } from "./schema.ts";

export interface LoadOptions {
  /** The file to read; without one it is looked for. */
  readonly file?: string | undefined;
  readonly environment?: string | undefined;
  readonly env: Env;
  readonly cwd: string;
  readonly flags?: FlagValues | undefined;
  /** Makes do without a file when there is none. @default false */
  readonly optional?: boolean | undefined;
  /** How a configuration module becomes data. @default in a process of its own */
  readonly evaluate?: Evaluate | undefined;
  /** Bytes of memory that the workers may have. @default what this host or container has */
  readonly memory?: number | undefined;
}

export interface LoadedConfig {
  readonly config: ResolvedConfig;
  /** Each value as it was said, and where. */
  readonly values: readonly ExplainedValue[];
  readonly warnings: readonly string[];
  /** `workers` is a function, which may answer something else the next time. */
  readonly isDynamic: boolean;
  /** A problem for people, with the place in the file that its path leads to. */
  readonly describe: (problem: Problem) => string;
}

/** A configuration file that was read, and what it is read for. */
export interface FoundConfig {
  /** `undefined` when there is none. */
  readonly file: string | undefined;
  readonly content: ConfigFile;
  readonly environment: Environment;
}

/**
 * Reads the configuration: defaults, then the file, then its section for the
 * environment, then variables, then flags.
 *
 * @throws `GANGER_CONFIG_MISSING` when there is no file, `GANGER_CONFIG_INVALID` with every problem at once.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  return resolveConfig(await findConfig(options), options);
}

export async function findConfig(options: LoadOptions): Promise<FoundConfig> {
  const { env, cwd, optional = false, evaluate } = options;
  const file = findConfigFile({ file: options.file, env, cwd });
  if (file === undefined && !optional) throw missingConfig(cwd);
  const environment = chooseEnvironment(options.environment, env);
  const content =
    file === undefined ? NOTHING : await readConfigFile(file, { environment: environment.name, evaluate });
  return { file, content, environment };
}

const NOTHING: ConfigFile = { data: {}, lineOf: () => undefined, isDynamic: false, doubts: [] };

export function resolveConfig(found: FoundConfig, options: LoadOptions): LoadedConfig {
  const { file, content, environment } = found;
  const { env, cwd, flags = {} } = options;
  const parts = toParts(found, cwd);
  const active = mergeLayers({
    root: parts.root,
    section: parts.sections.get(environment.name),
    app: nameOfApp(file, cwd),
    env,
    overrides: toOverrides(env, flags),
  });
  const settings = parse(active, parts, { env, cwd });
  const config = deepFreeze({
    file,
    environment: environment.name,
    ...withAbsolutePaths(settings, active.tree, cwd),
  });
  const describe = (problem: Problem) => report(problem, active.tree, cwd).text;
  return {
    config,
    values: explain(active.tree, cwd),
    warnings: [
      ...findMissingSection(environment, [...parts.sections.keys()]),
      ...[...content.doubts, ...findWarnings(config, active.tree, options.memory)].map(describe),
    ],
    isDynamic: content.isDynamic,
    describe,
  };
}

/** The folder of the application: a configuration in `config/` is of the one above. */
function nameOfApp(file: string | undefined, cwd: string): string {
  const folder = file === undefined ? cwd : dirname(file);
  return basename(basename(folder) === "config" ? dirname(folder) : folder) || "ganger";
}

function toParts({ file, content }: FoundConfig, cwd: string): Parts {
  if (file === undefined) return takeApart({}, () => ({ kind: "default" }));
  const { data, lineOf } = content;
  const sourceOf = (path: Path): Source => ({ kind: "file", file, line: lineOf(path), key: toKey(path) });
  const parts = takeApart(data, sourceOf);
  if (parts.root.children !== undefined) return parts;
  const reason = "must be a mapping of options, such as workers: and broker:";
  throw invalidReports([report({ path: [], reason }, parts.root, cwd)]);
}

interface Surroundings {
  readonly env: Env;
  readonly cwd: string;
}

/** Checks the environment in force, and also the others, so that a mistake is not first found in production. */
function parse({ tree, problems }: Merged, parts: Parts, { env, cwd }: Surroundings): Settings {
  const result = settingsSchema.safeParse(toPlain(tree));
  const found = [...problems, ...(result.success ? [] : toProblems(result.error))];
  const reports = found.map((problem) => report(problem, tree, cwd));
  for (const section of parts.sections.values()) {
    const other = mergeLayers({ root: parts.root, section, app: "app", env, overrides: [] });
    const checked = settingsSchema.safeParse(toPlain(other.tree));
    if (checked.success) continue;
    reports.push(...toProblems(checked.error).map((problem) => report(problem, other.tree, cwd)));
  }
  if (result.success && reports.length === 0) return result.data;
  throw invalidReports(reports);
}

/** Paths in a file are relative to it, those of variables and flags to where the command was typed. */
function withAbsolutePaths(settings: Settings, tree: Sourced, cwd: string): Settings {
  const baseOf = (path: Path): string => {
    const source = sourceAt(tree, path);
    return source.kind === "file" ? dirname(source.file) : cwd;
  };
  const absolute = (text: string | undefined, ...path: Path) =>
    text === undefined ? undefined : resolve(baseOf(path), text);
  const { broker, store, jobs, preload, hooks, pidfile, lock, log } = settings;
  return {
    ...settings,
    broker: withStore(
      toAbsoluteBroker(broker, baseOf(["broker"])),
      store === undefined ? undefined : toAbsoluteBroker(store, baseOf(["store"])),
    ),
    jobs: jobs.map((path) => resolve(baseOf(["jobs"]), path)),
    preload: preload.map((name) => (/^[./]/.test(name) ? resolve(baseOf(["preload"]), name) : name)),
    hooks: absolute(hooks, "hooks"),
    pidfile: absolute(pidfile, "pidfile"),
    lock: absolute(lock, "lock"),
    log: {
      ...log,
      stdout: absolute(log.stdout, "log", "stdout"),
      stderr: absolute(log.stderr, "log", "stderr"),
    },
  };
}
