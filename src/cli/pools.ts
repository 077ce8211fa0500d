import { resolve } from "node:path";
import type { Command } from "commander";
import type { LoadedConfig } from "../config/load.ts";
import type { FoundManager } from "../control/find.ts";
import type { ForeignManager } from "../control/foreign.ts";
import type { PoolStatus } from "../control/messages.ts";
import { GangerError, isGangerError } from "../errors.ts";
import { processId } from "./arguments.ts";
import { readConfig } from "./broker.ts";
import type { CliContext, GlobalOptions } from "./context.ts";
import { DAEMON_PIDFILE } from "./start-flags.ts";

/** Options that say which pool is meant, of all commands that reach a running one. */
export interface PoolOptions extends GlobalOptions {
  readonly app?: string;
  readonly pidfile?: string;
  readonly pid?: number;
}

export interface FoundPools {
  readonly app: string;
  readonly managers: readonly FoundManager[];
}

export function addPoolOptions(command: Command): Command {
  return command
    .option("-a, --app <name>", "the pool that was started with this --app")
    .option("-p, --pidfile <file>", "the pool that was started with this --pidfile")
    .option("--pid <pid>", "the manager with this process id, where several run", processId);
}

/** The managers on this host of the pool that the configuration describes, the newest first. */
export async function findPools(context: CliContext, options: PoolOptions): Promise<FoundPools> {
  const { findAppDirectory } = await import("../pool/process/app-directory.ts");
  const { findManagers } = await import("../control/find.ts");
  const loaded = await readConfig(context, options);
  const { broker } = loaded.config;
  const app = options.app ?? loaded.config.app;
  const directories = pidfiles(context, options, loaded).map((pidfile) =>
    findAppDirectory({ app, broker, pidfile }),
  );
  const managers = await findManagers(...directories);
  return { app, managers: managers.filter(({ pid }) => options.pid === undefined || options.pid === pid) };
}

/** The manager to speak to: the newest, unless told otherwise. */
export async function findManager(context: CliContext, options: PoolOptions): Promise<FoundManager> {
  const { app, managers } = await findPools(context, options);
  const [newest, ...older] = managers;
  if (newest === undefined) {
    const { findForeignManager } = await import("../control/foreign.ts");
    throw missing(app, options.pid, options.pid === undefined ? findForeignManager(app) : undefined);
  }
  if (older.length > 0) {
    const others = older.map(({ pid }) => pid).join(", ");
    context.stderr.write(`This pool has several managers: ${newest.pid} is the newest, then ${others}.\n`);
  }
  return newest;
}

/** A manager that is there and does not answer. */
export interface SilentManager {
  readonly pid: number;
  readonly reason: string;
}

/** What the managers say of their pools. One that says nothing keeps nobody from the others. */
export async function readPools(managers: readonly FoundManager[]) {
  const { ControlClient } = await import("../control/client.ts");
  const pools: PoolStatus[] = [];
  const silent: SilentManager[] = [];
  const asked = managers.map(async ({ pid, socket }) => {
    try {
      const answer = await ControlClient.ask(socket, { type: "status" }, { timeoutMs: STATUS_MS });
      return answer.type === "status" ? answer.status : undefined;
    } catch (error) {
      if (!isGangerError(error)) throw error;
      return { pid, reason: error.message };
    }
  });
  for (const answer of await Promise.all(asked)) {
    if (answer === undefined) continue;
    if ("reason" in answer) silent.push(answer);
    else pools.push(answer);
  }
  return { pools, silent };
}

/** A manager is not busy for long: it waits for others, and computes next to nothing. */
const STATUS_MS = 5000;

/** As `findPools`, but for a command that can do without: it may name no more than a broker. */
export async function findPoolsIfAny(context: CliContext, options: PoolOptions): Promise<FoundPools> {
  try {
    return await findPools(context, options);
  } catch (error) {
    const isNeeded = options.broker === undefined || options.config !== undefined;
    if (isNeeded || !isGangerError(error, "GANGER_CONFIG_INVALID")) throw error;
    return { app: "", managers: [] };
  }
}

/** A pool in the background has a pidfile that nobody had to name. */
function pidfiles(
  { cwd }: CliContext,
  { pidfile }: PoolOptions,
  { config, values }: LoadedConfig,
): readonly (string | undefined)[] {
  if (pidfile !== undefined) return [resolve(cwd, pidfile)];
  const isSaid = values.some(({ key, source }) => key === "pidfile" && source !== "default");
  return isSaid ? [config.pidfile, undefined] : [undefined, resolve(cwd, DAEMON_PIDFILE)];
}

function missing(app: string, pid: number | undefined, foreign: ForeignManager | undefined): GangerError {
  if (foreign !== undefined) {
    const { user, pid: manager } = foreign;
    const message = `No pool of ${app} is running here as this user, but one of the user ${user} is (manager ${manager})`;
    throw new GangerError("GANGER_POOL_MISSING", message, { hint: `Run this command as ${user}.` });
  }
  const which = pid === undefined ? "" : ` with the process id ${pid}`;
  return new GangerError("GANGER_POOL_MISSING", `No pool of ${app} is running here${which}`, {
    hint:
      pid === undefined
        ? "Start it: ganger start. One that was started with --app, --pidfile or --broker is found with the same."
        : "See which are running: ganger status.",
  });
}
