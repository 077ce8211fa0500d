import type { Broker } from "../../broker/broker.ts";
import type { OpenOptions } from "../../broker/migrate.ts";
import { createHolder } from "../../ipc/holder.ts";
import type { WorkerStart } from "../../ipc/messages.ts";
import type { JobHooks, WorkerHooks } from "../../job/hooks.ts";
import type { JobRegistry } from "../../job/registry.ts";
import type { Logger } from "../../telemetry/log.ts";
import { guardHooks, loadHooks } from "../hooks.ts";
import { loadJobs } from "../modules/load-jobs.ts";

/** What a worker process needs before there is a worker. */
export interface Equipment {
  readonly broker: Broker;
  readonly jobs: JobRegistry;
  readonly holder: string;
  readonly hooks: JobHooks | undefined;
}

interface Means {
  readonly open: (url: string, options: OpenOptions) => Promise<Broker>;
  /** Told of each thing before it is begun, as any of them may take for ever. */
  readonly loading: (what: string) => void;
  readonly log: Logger;
  readonly application?: Application | undefined;
}

/** The user's modules, loaded. */
interface Application {
  readonly jobs: JobRegistry;
  readonly hooks: WorkerHooks;
}

/** Loads the user's modules and opens the broker, with the user's hooks before and after that. */
export async function equip(orders: WorkerStart, means: Means): Promise<Equipment> {
  const { app, environment, queues } = orders;
  const { open, loading, log } = means;
  const { jobs, hooks } = means.application ?? (await load(orders, loading, log));
  const { afterFork, beforeJob, afterJob } = hooks;
  loading("the broker");
  const broker = await open(orders.broker, { migrate: orders.migrate });
  const holder = createHolder();
  if (afterFork !== undefined) loading("the hook afterFork");
  await afterFork?.({ pid: process.pid, holder, queues, app, environment });
  const isHooked = beforeJob !== undefined || afterJob !== undefined;
  return { broker, jobs, holder, hooks: isHooked ? { beforeJob, afterJob } : undefined };
}

/** What a process that was not forked has to do by itself. */
async function load(orders: WorkerStart, loading: Means["loading"], log: Logger): Promise<Application> {
  if (orders.hooks !== undefined) loading(orders.hooks);
  const hooks = orders.hooks === undefined ? {} : guardHooks(await loadHooks(orders.hooks), log);
  const jobs = await loadJobs(orders.jobs, loading);
  if (hooks.beforeFork !== undefined) loading("the hook beforeFork");
  await hooks.beforeFork?.();
  return { jobs, hooks };
}
