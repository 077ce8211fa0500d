import type { ResolvedConfig, WorkerGroup } from "../../config/resolved.ts";
import { ledgerDirectory } from "../../ipc/ledger.ts";
import type {
  CoordinatorStart,
  FromCoordinator,
  FromWorker,
  ToCoordinator,
  ToWorker,
  WorkerLimits,
  WorkerStart,
} from "../../ipc/messages.ts";
import type { ForkServers } from "../fork/fork-servers.ts";
import { type Child, type ChildOptions, type Surroundings, startChild } from "./child.ts";
import { startExec } from "./exec-child.ts";
import { ForkedWorker } from "./forked-child.ts";

type Listeners<In> = Pick<ChildOptions<In>, "onMessage" | "onExit">;

export interface WorkerListeners extends Listeners<FromWorker> {
  /** It has a process id from now on, unless it had one at once. */
  readonly onSpawned: () => void;
}

/** Where workers come from. */
export interface Origin extends Surroundings {
  readonly config: ResolvedConfig;
  /** Has them forked from the application, where that can be done. */
  readonly forks: ForkServers | undefined;
}

/** Starts a worker, ours or the user's. Its orders go over the socket, for they may hold a password. */
export function spawnWorker(origin: Origin, group: WorkerGroup, listeners: WorkerListeners): Child<ToWorker> {
  const { config, forks, env } = origin;
  const { exec } = group;
  if (exec !== undefined)
    return startExec({ ...origin, env: { ...env, ...execEnv(config, group, env) }, exec, ...listeners });
  const startAnew = () =>
    startChild<FromWorker, ToWorker>({
      ...origin,
      program: new URL("../../worker/process/main.js", import.meta.url),
      env: { ...env, GANGER_ENV: config.environment },
      ...listeners,
    });
  const server = forks?.current;
  const child =
    forks === undefined || server === undefined
      ? startAnew()
      : new ForkedWorker({
          ...listeners,
          server,
          board: () => forks.board(),
          processGroup: origin.processGroup,
          openStdio: origin.openStdio,
          otherwise: startAnew,
        });
  child.send({ type: "start", start: toStart(config, group) });
  return child;
}

function toStart(config: ResolvedConfig, group: WorkerGroup): WorkerStart {
  const { app, broker, migrate, jobs, hooks, heartbeat, log, environment, bootMs } = config;
  const { queues, concurrency, order, isolation, stopMs, graceMs } = group;
  const about = { app, broker, migrate, jobs, environment, hooks, log, bootMs };
  const own = { queues, concurrency, order, isolation, stopMs, graceMs, limits: limitsOf(group) };
  const { ttlMs } = heartbeat;
  return { ...about, ...own, ttlMs, ledger: ledgerDirectory() };
}

export function limitsOf({ memory, maxJobs }: WorkerGroup): WorkerLimits {
  return { memory, maxJobs };
}

/** What Resque's workers read, and what Rails does; what is set already is left alone. */
function execEnv(
  { app, environment }: ResolvedConfig,
  { queues }: WorkerGroup,
  env: Surroundings["env"],
): Surroundings["env"] {
  const defaults = Object.fromEntries(
    ["NODE_ENV", "RACK_ENV", "RAILS_ENV", "RESQUE_ENV"].map((name) => [name, env[name] ?? environment]),
  );
  const own = {
    GANGER_APP: app,
    GANGER_ENV: environment,
    GANGER_QUEUES: queues,
    GANGER_MANAGER: `${process.pid}`,
  };
  return { ...defaults, ...own, QUEUE: queues, QUEUES: queues };
}

export function spawnCoordinator(
  config: ResolvedConfig,
  holders: CoordinatorStart["holders"],
  around: Surroundings,
  listeners: Listeners<FromCoordinator>,
): Child<ToCoordinator> {
  const { app, broker, migrate, heartbeat, retention, log } = config;
  const child = startChild<FromCoordinator, ToCoordinator>({
    ...around,
    program: new URL("../../coordinator/main.js", import.meta.url),
    ...listeners,
  });
  const start = { app, broker, migrate, ...heartbeat, bounds: retention, holders, log };
  child.send({ type: "start", start: { ...start, ledger: ledgerDirectory() } });
  return child;
}
