import type { ResolvedConfig, WorkerGroup } from "../config/resolved.ts";
import { ledgerDirectory } from "../ipc/ledger.ts";
import type { FromCoordinator, FromWorker, ToCoordinator, ToWorker } from "../ipc/messages.ts";
import { type Child, type ChildOptions, startChild } from "./child.ts";

type Env = ChildOptions<never>["env"];
type Listeners<In> = Pick<ChildOptions<In>, "onMessage" | "onExit">;

/** Starts a worker. Its orders go over the socket, for they may hold a password. */
export function spawnWorker(
  config: ResolvedConfig,
  group: WorkerGroup,
  env: Env,
  listeners: Listeners<FromWorker>,
): Child<ToWorker> {
  const { app, broker, jobs, heartbeat, log } = config;
  const { queues, concurrency, order, stopMs } = group;
  const child = startChild<FromWorker, ToWorker>({
    program: new URL("../worker/main.js", import.meta.url),
    env: { ...env, GANGER_ENV: config.environment },
    ...listeners,
  });
  const start = { app, broker, jobs, queues, concurrency, order, stopMs, ttlMs: heartbeat.ttlMs, log };
  child.send({ type: "start", start: { ...start, ledger: ledgerDirectory() } });
  return child;
}

export function spawnCoordinator(
  config: ResolvedConfig,
  env: Env,
  listeners: Listeners<FromCoordinator>,
): Child<ToCoordinator> {
  const { app, broker, heartbeat, retention, log } = config;
  const child = startChild<FromCoordinator, ToCoordinator>({
    program: new URL("../coordinator/main.js", import.meta.url),
    env,
    ...listeners,
  });
  const start = { app, broker, ...heartbeat, bounds: retention, log };
  child.send({ type: "start", start: { ...start, ledger: ledgerDirectory() } });
  return child;
}
