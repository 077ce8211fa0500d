import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadDriver } from "../broker/connect.ts";
import { GangerError } from "../errors.ts";
import type { WorkerHooks } from "../job/hooks.ts";
import type { JobRegistry } from "../job/registry.ts";
import type { Logger } from "../telemetry/log.ts";
import { guardHooks, loadHooks } from "../worker/hooks.ts";
import { loadJobs } from "../worker/modules/load-jobs.ts";
import type { ForkServerStart } from "./messages.ts";

/** Everything that children share. */
export interface Application {
  readonly jobs: JobRegistry;
  readonly hooks: WorkerHooks;
}

/**
 * Loads an application once, for all that will be forked from it, and calls its hook `beforeFork`.
 * `loading` is told of each thing before it is begun, as any of them may take for ever.
 *
 * @throws `GANGER_MODULE_BROKEN`, `GANGER_JOB_DUPLICATE`.
 */
export async function loadApplication(
  start: ForkServerStart,
  loading: (what: string) => void,
  log: Logger,
): Promise<Application> {
  loading("the broker's driver");
  await loadDriver(start.broker);
  for (const name of start.preload) {
    loading(name);
    await preload(name);
  }
  if (start.hooks !== undefined) loading(start.hooks);
  const hooks = start.hooks === undefined ? {} : guardHooks(await loadHooks(start.hooks), log);
  const jobs = await loadJobs(start.jobs, loading);
  if (hooks.beforeFork !== undefined) loading("the hook beforeFork");
  await hooks.beforeFork?.();
  return { jobs, hooks };
}

/** Packages are looked up as the application would. */
async function preload(name: string): Promise<void> {
  try {
    const file = createRequire(join(process.cwd(), "ganger.yml")).resolve(name);
    await import(file.startsWith("/") ? pathToFileURL(file).href : file);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GangerError("GANGER_MODULE_BROKEN", `${name}, which preload names, cannot be loaded: ${why}`, {
      cause,
      hint: "Install or mend it, or take it out of preload.",
    });
  }
}
