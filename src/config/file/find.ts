import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { GangerError } from "../../errors.ts";
import type { Env } from "../layer/interpolate.ts";

const CANDIDATES = [
  "ganger.yml",
  "ganger.yaml",
  "ganger.json",
  "ganger.ts",
  "ganger.mts",
  "ganger.js",
  "ganger.mjs",
  "config/ganger.yml",
  "resque-pool.yml",
  "config/resque-pool.yml",
  "qless-pool.yml",
  "config/qless-pool.yml",
];

export interface Search {
  /** The file somebody named on the command line. */
  readonly file: string | undefined;
  readonly env: Env;
  readonly cwd: string;
}

/**
 * The configuration file: the one named by the flag, by `GANGER_CONFIG`, or the first that is there.
 *
 * @throws `GANGER_CONFIG_MISSING` when the one named is not there.
 */
export function findConfigFile({ file, env, cwd }: Search): string | undefined {
  const named = file ?? (env["GANGER_CONFIG"] || undefined);
  if (named === undefined) {
    return CANDIDATES.map((candidate) => resolve(cwd, candidate)).find((path) => existsSync(path));
  }
  const path = resolve(cwd, named);
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  const by = file === undefined ? "GANGER_CONFIG" : "--config";
  throw new GangerError("GANGER_CONFIG_MISSING", `There is no file ${path}, which ${by} names`, {
    hint: "Name a file that is there, or write one: ganger init",
  });
}

export function missingConfig(cwd: string): GangerError {
  return new GangerError("GANGER_CONFIG_MISSING", `There is no configuration in ${cwd}`, {
    hint: `Write one: ganger init. Looked for ${CANDIDATES.join(", ")}.`,
  });
}
