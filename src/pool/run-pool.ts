import type { LoadOrder } from "../config/live/messages.ts";
import type { ResolvedConfig } from "../config/resolved.ts";
import { ControlClient } from "../control/client.ts";
import { type FoundManager, findManagers } from "../control/find.ts";
import { GangerError } from "../errors.ts";
import { findSystemCalls } from "../forkserver/client.ts";
import { createLog, type Logger } from "../telemetry/log.ts";
import { INHERITED, type Surroundings } from "./child/child.ts";
import { lockShared } from "./host/lock-file.ts";
import { Pidfile } from "./host/pidfile.ts";
import type { PoolEnd } from "./manager.ts";
import { Output } from "./output.ts";
import { Pool } from "./pool.ts";
import { appDirectory } from "./process/app-directory.ts";
import { CONFIG_TROUBLE, ConfigHost } from "./reload/config-host.ts";
import type { SignalSource } from "./signals.ts";

export interface RunPoolOptions {
  readonly order: LoadOrder;
  readonly stderr: { write(text: string): unknown };
  readonly signals: SignalSource;
  /** Takes over from a running manager of the same application. */
  readonly isHotSwap?: boolean | undefined;
  readonly isFrugal?: boolean | undefined;
  /** The pool is up: its workers are ready, but for what it is told is lacking. */
  readonly onUp?: ((shortfall?: string) => void) | undefined;
}

/**
 * Runs a pool until a signal or a client ends it.
 *
 * @throws what kept the pool from starting, such as `GANGER_CONFIG_INVALID`, `GANGER_MODULE_BROKEN` or `GANGER_PIDFILE_TAKEN`.
 */
export async function runPool(options: RunPoolOptions): Promise<PoolEnd> {
  const { order, stderr } = options;
  const early: Surroundings = { env: order.env, openStdio: () => INHERITED, processGroup: "own" };
  let pool: Pool | undefined;
  let log = earlyLog(order, stderr);
  const listener = {
    onWorkers: (workers: ResolvedConfig["workers"]) => pool?.assign(workers, host),
    onTrouble: (what: string, reason: string) => log.error({ what, reason }, CONFIG_TROUBLE),
    onGone: () => pool?.revive(host),
  };
  const host = await ConfigHost.load(order, early, listener);
  try {
    const { config, warnings } = host.loaded;
    log = createLog({ ...config.log, name: "manager", write: (line) => stderr.write(line) });
    for (const warning of warnings) log.warn({}, warning);
    refuseMemory(config);
    const directory = appDirectory(config);
    const system = await findSystemCalls();
    const [newest, ...older] = await findManagers(directory);
    const predecessor = options.isHotSwap === true ? newest : undefined;
    const others = predecessor === undefined && newest !== undefined ? [newest, ...older] : older;
    if (others.length > 0) log.warn({}, besides(others));
    using _lock = config.lock === undefined ? undefined : lockShared(config.lock);
    using pidfile = claimPidfile(config, log, predecessor?.pid);
    using client = predecessor === undefined ? undefined : await ControlClient.connect(predecessor.socket);
    await using output = new Output(config, stderr);
    log = output.log;
    // What its loader has said since; from here on the pool hears it.
    const current = { ...config, workers: host.workers };
    const own = { host, directory, output, pidfile, system };
    pool = new Pool({ ...options, ...own, config: current, predecessor: client });
    return await pool.run();
  } finally {
    (pool?.host ?? host).close();
  }
}

/** In the form that is known to be wanted before the configuration is read. */
function earlyLog({ flags, env }: LoadOrder, stderr: RunPoolOptions["stderr"]): Logger {
  const isJson = (flags?.log?.format ?? env["GANGER_LOG_FORMAT"]) === "json";
  const write = (line: string) => stderr.write(line);
  return createLog({ level: "info", format: isJson ? "json" : "text", name: "manager", write });
}

/** Each has all the workers that the configuration says: that is seldom meant. */
function besides(others: readonly FoundManager[]): string {
  const pids = others.map(({ pid }) => pid).join(", ");
  return `this pool has a manager already, with workers of its own: ${pids}; to replace one, start with --hot-swap, to end one, ganger stop --pid`;
}

function claimPidfile({ pidfile }: ResolvedConfig, log: Logger, replace: number | undefined) {
  if (pidfile === undefined) return undefined;
  return Pidfile.claim(pidfile, { warn: (message) => log.warn({}, message), replace });
}

function refuseMemory({ broker, workers }: ResolvedConfig): void {
  if (!broker.startsWith("memory:") || workers.every(({ exec }) => exec !== undefined)) return;
  throw new GangerError(
    "GANGER_CONFIG_INVALID",
    "A pool cannot work on the memory broker: no other process sees its jobs",
    { hint: "Set broker to sqlite:./ganger.db." },
  );
}
