import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { GangerError } from "../../errors.ts";
import { isJobDefinition } from "../../job/define-job.ts";
import { type AnyJob, JobRegistry } from "../../job/registry.ts";
import { importModule } from "./import-module.ts";

/**
 * Loads modules, or all modules of folders, TypeScript too, and collects the job definitions they export.
 * `onLoading` is told of each module before it is loaded.
 *
 * @throws `GANGER_MODULE_BROKEN` for a module that is not there or cannot be loaded,
 * `GANGER_JOB_DUPLICATE` when two jobs have one name.
 */
export async function loadJobs(
  paths: readonly string[],
  onLoading: (file: string) => void = () => undefined,
): Promise<JobRegistry> {
  const found = new Map<string, Source>();
  for (const path of paths) {
    for (const file of await filesOf(resolve(path))) {
      onLoading(file);
      for (const definition of await definitionsOf(file)) claimName(found, definition, file);
    }
  }
  return new JobRegistry(Array.from(found.values(), ({ definition }) => definition));
}

interface Source {
  readonly definition: AnyJob;
  readonly file: string;
}

/** One definition may be exported by several modules; two of one name may not. */
function claimName(found: Map<string, Source>, definition: AnyJob, file: string): void {
  const other = found.get(definition.name);
  if (other !== undefined && other.definition !== definition) {
    throw new GangerError(
      "GANGER_JOB_DUPLICATE",
      `Two jobs are named "${definition.name}": in ${other.file} and in ${file}`,
      { hint: "Give each job definition a name of its own." },
    );
  }
  found.set(definition.name, other ?? { definition, file });
}

const MODULE = /(?<!\.d)(?<!\.(?:test|spec))\.(?:[cm]?js|m?ts)$/;

async function filesOf(path: string): Promise<readonly string[]> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) {
    throw new GangerError("GANGER_MODULE_BROKEN", `There is no ${path}`, {
      hint: "Set jobs in the configuration to a module, or a folder of modules, that export job definitions.",
    });
  }
  if (!info.isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => MODULE.test(name) && !name.includes("node_modules"))
    .sort()
    .map((name) => join(path, name));
}

async function definitionsOf(file: string): Promise<readonly AnyJob[]> {
  return Object.values(await importModule(file)).filter((value) => isJobDefinition(value));
}
