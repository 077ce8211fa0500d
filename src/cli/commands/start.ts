import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import type { LoadOrder } from "../../config/live/messages.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { toFailure } from "../../ipc/failure.ts";
import type { DaemonParent } from "../../pool/host/daemon.ts";
import type { RunPoolOptions } from "../../pool/run-pool.ts";
import { type CliContext, ExitCode } from "../context.ts";
import { printError } from "../failure.ts";
import {
  addStartOptions,
  DAEMON_STDERR,
  DAEMON_STDOUT,
  type StartFlags,
  type StartOptions,
  toStartFlags,
  withImplied,
} from "../start-flags.ts";

const HELP = `
Signals:
  HUP          read the configuration again and open the logs anew
  QUIT, INT    let running jobs finish, then end; each further one goes one step
               further: abort the jobs, kill the workers
  TERM         what --term says; graceful-wait by default
  WINCH        stop all workers, until HUP
  TTIN, TTOU   one worker more, or fewer, in the first group
  USR1         end running jobs as failed
  USR2, CONT   pause all workers, and resume
  29           print what is going on

Examples:
  $ ganger start -E production --json-logs
  $ ganger start --daemon --term graceful
  $ ganger start --hot-swap --frugal`;

export function startCommand(context: CliContext): Command {
  const command = new Command("start")
    .summary("run workers until a signal stops them")
    .description("Starts the workers that the configuration asks for and keeps them running.");
  return addStartOptions(command)
    .addHelpText("after", HELP)
    .action(async (_: object, self: Command) => {
      const options = self.optsWithGlobals<StartOptions>();
      const flags = toStartFlags(options);
      if (flags.frugal && !flags.hotSwap) self.error("error: --frugal goes with --hot-swap");
      const { daemonParent } = await import("../../pool/host/daemon.ts");
      const parent = daemonParent();
      try {
        if (flags.daemon && parent === undefined) return await startBehind(context, options, flags);
        const { runPool } = await import("../../pool/run-pool.ts");
        const end = await runPool(await toRunOptions(context, options, flags, parent));
        context.exit(end === "clean" ? ExitCode.done : ExitCode.unclean);
      } catch (error) {
        parent?.failed(toFailure(error));
        throw error;
      }
    });
}

/** What the pool is told: how to read its configuration, now and again, and what the flags ask for besides. */
async function toRunOptions(
  context: CliContext,
  options: StartOptions,
  flags: StartFlags,
  parent: DaemonParent | undefined,
): Promise<RunPoolOptions> {
  const { stderr, signals } = context;
  const order = toOrder(context, options, flags.values);
  const isImplying = flags.daemon || flags.hotSwap;
  const implied = isImplying ? withImplied(flags, saidBy(await load(order))) : flags.values;
  return {
    order: { ...order, flags: implied },
    stderr,
    signals,
    isHotSwap: flags.hotSwap,
    isFrugal: flags.frugal,
    onUp: (shortfall) => parent?.up(shortfall),
  };
}

/** Starts this command again in the background, and returns when the pool there is up. */
async function startBehind(context: CliContext, options: StartOptions, flags: StartFlags): Promise<void> {
  const { daemonize } = await import("../../pool/host/daemon.ts");
  const { argv, cwd, env } = context;
  const loaded = await load(toOrder(context, options, flags.values));
  for (const warning of loaded.warnings) context.stderr.write(`warning: ${warning}\n`);
  const { stdout = DAEMON_STDOUT, stderr = DAEMON_STDERR } = loaded.config.log;
  const status = await daemonize({
    args: [...process.execArgv, fileURLToPath(new URL("../bin.js", import.meta.url)), ...argv],
    env,
    cwd,
    stdout: resolve(cwd, stdout),
    stderr: resolve(cwd, stderr),
    report: (error) => printError(context, error, options.verbose === true),
    warn: (shortfall) =>
      context.stderr.write(
        `warning: the pool is up, but not complete: ${shortfall}; see ${resolve(cwd, stderr)}\n`,
      ),
  });
  if (status !== 0) context.exit(ExitCode.failed);
}

function toOrder({ env, cwd }: CliContext, options: StartOptions, flags: StartFlags["values"]): LoadOrder {
  const { config: file, environment } = options;
  return { file, environment, env, cwd, flags };
}

async function load(order: LoadOrder): Promise<LoadedConfig> {
  const { loadConfig } = await import("../../config/load.ts");
  return loadConfig(order);
}

/** Which keys the configuration or a flag says, in whatever way. */
function saidBy({ values }: LoadedConfig): (key: string) => boolean {
  return (name) => values.some(({ key, source }) => key === name && source !== "default");
}
