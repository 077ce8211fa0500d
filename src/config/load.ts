import { basename, dirname, resolve } from "node:path";
import { toAbsoluteBroker } from "./broker-path.ts";
import { invalidReports, report, toProblems } from "./check/problems.ts";
import { findMissingSection, findWarnings } from "./check/warnings.ts";
import { type ExplainedValue, explain, toKey } from "./explain.ts";
import { findConfigFile, missingConfig } from "./file/find.ts";
import { readConfigFile } from "./file/read.ts";
import { chooseEnvironment, type Parts, takeApart } from "./layer/environment.ts";
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
}

export interface LoadedConfig {
  readonly config: ResolvedConfig;
  /** Each value as it was said, and where. */
  readonly values: readonly ExplainedValue[];
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration: defaults, then the file, then its section for the
 * environment, then `GANGER_*` variables, then flags.
 *
 * @throws `GANGER_CONFIG_MISSING` when there is no file, `GANGER_CONFIG_INVALID` with every problem at once.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { env, cwd, flags = {}, optional = false } = options;
  const file = findConfigFile({ file: options.file, env, cwd });
  if (file === undefined && !optional) throw missingConfig(cwd);

  const parts = await readParts(file, cwd);
  const environment = chooseEnvironment(options.environment, env);
  const active = mergeLayers({
    root: parts.root,
    section: parts.sections.get(environment.name),
    app: basename(file === undefined ? cwd : dirname(file)) || "ganger",
    env,
    overrides: toOverrides(env, flags),
  });
  const settings = parse(active, parts, { env, cwd });
  const config = deepFreeze({
    file,
    environment: environment.name,
    ...withAbsolutePaths(settings, active.tree, cwd),
  });
  return {
    config,
    values: explain(active.tree, cwd),
    warnings: [...findMissingSection(environment, [...parts.sections.keys()]), ...findWarnings(config)],
  };
}

async function readParts(file: string | undefined, cwd: string): Promise<Parts> {
  if (file === undefined) return takeApart({}, () => ({ kind: "default" }));
  const { data, lineOf } = await readConfigFile(file);
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
  const baseOf = (key: string): string => {
    const source = sourceAt(tree, [key]);
    return source.kind === "file" ? dirname(source.file) : cwd;
  };
  return {
    ...settings,
    broker: toAbsoluteBroker(settings.broker, baseOf("broker")),
    jobs: settings.jobs.map((path) => resolve(baseOf("jobs"), path)),
  };
}
