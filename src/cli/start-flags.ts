import { type Command, Option } from "commander";
import type { FlagValues } from "../config/layer/layers.ts";
import { TERM_ACTIONS, type TermAction } from "../config/options.ts";
import { duration } from "./arguments.ts";
import type { GlobalOptions } from "./context.ts";

export interface StartOptions extends GlobalOptions {
  readonly app?: string;
  readonly appname?: string;
  readonly daemon?: true;
  /** `false`: `--no-migrate`; true unless that is given. */
  readonly migrate?: boolean;
  /** `false`: `--no-pidfile`. The last of both wins. */
  readonly pidfile?: string | false;
  readonly lock?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly hotSwap?: true;
  readonly frugal?: true;
  readonly term?: TermAction;
  readonly termGracefulWait?: true;
  readonly termGraceful?: true;
  readonly termImmediate?: true;
  readonly spawnDelay?: number;
  readonly singleProcessGroup?: true;
  readonly restartAll?: true;
  readonly jsonLogs?: true;
}

/** What the flags of `ganger start` ask for. */
export interface StartFlags {
  /** What they say of the configuration. */
  readonly values: FlagValues;
  readonly daemon: boolean;
  readonly hotSwap: boolean;
  readonly frugal: boolean;
}

/** Where a pool in the background writes what, unless the configuration or a flag says otherwise. */
export const DAEMON_PIDFILE = "tmp/pids/ganger.pid";
export const DAEMON_STDOUT = "log/ganger.stdout.log";
export const DAEMON_STDERR = "log/ganger.stderr.log";
const HOT_SWAP_LOCK = "tmp/ganger.lock";

const TERM_NAMES = TERM_ACTIONS.map((action) => `term-${action}`);

/** Gives a command the flags of `ganger start`, named as those of resque-pool where it has them. */
export function addStartOptions(command: Command): Command {
  command
    .option("-a, --app <name>", "what titles and logs call the application")
    .addOption(new Option("--appname <name>").hideHelp().conflicts("app"))
    .option("--no-migrate", "do not bring the schema of the broker's store up to date; refuse an older one")
    .option("-d, --daemon", "run in the background; returns when the workers are ready")
    .option("-p, --pidfile <file>", "write the process id there")
    .option("--no-pidfile", "write no process id, also with --daemon")
    .option("-l, --lock <file>", "hold a shared lock on this file while running")
    .option("-o, --stdout <file>", "append the standard output of all processes to this file")
    .option("-e, --stderr <file>", "append their error output and logs to this file")
    .option("-H, --hot-swap", "take over from the pool that is running, if one is")
    .option("--frugal", "with --hot-swap: one worker more than wanted in each group at most")
    .addOption(
      new Option("--term <action>", "what SIGTERM does: wait for jobs, leave them behind, or abort them")
        .choices(TERM_ACTIONS)
        .conflicts(TERM_NAMES.map(toAttribute)),
    );
  for (const action of ["graceful-wait", "graceful", "immediate"] as const) {
    const others = TERM_NAMES.filter((name) => name !== `term-${action}`);
    command.addOption(
      new Option(`--term-${action}`, `the same as --term ${action}`).conflicts(others.map(toAttribute)),
    );
  }
  return command
    .option("-s, --spawn-delay <ms>", "wait so long between two starts of workers", duration)
    .option("--single-process-group", "keep the workers in the process group of the manager")
    .option("--restart-all", "let a reload replace all workers, for new code")
    .option("--json-logs", "log JSON lines");
}

export function toStartFlags(options: StartOptions): StartFlags {
  const { app, appname, broker, pidfile, lock, stdout, stderr, spawnDelay } = options;
  const {
    daemon = false,
    hotSwap = false,
    frugal = false,
    singleProcessGroup,
    restartAll,
    jsonLogs,
    migrate,
  } = options;
  const values: FlagValues = {
    app: app ?? appname,
    broker,
    migrate: migrate === false ? false : undefined,
    pidfile,
    lock,
    term: termOf(options),
    spawnDelay,
    processGroup: singleProcessGroup === true ? "single" : undefined,
    restart: { all: restartAll },
    log: { format: jsonLogs === true ? "json" : undefined, stdout, stderr },
  };
  return { values, daemon, hotSwap, frugal };
}

function termOf({
  term,
  termGracefulWait,
  termGraceful,
  termImmediate,
}: StartOptions): TermAction | undefined {
  if (termGracefulWait === true) return "graceful-wait";
  if (termGraceful === true) return "graceful";
  return termImmediate === true ? "immediate" : term;
}

/** The flags with what `--daemon` and `--hot-swap` mean, where neither the flags nor the configuration say it. */
export function withImplied(
  { values, daemon, hotSwap }: StartFlags,
  isSaid: (key: string) => boolean,
): FlagValues {
  const implied = (condition: boolean, key: string, file: string) =>
    condition && !isSaid(key) ? file : undefined;
  const { log = {} } = values;
  return {
    ...values,
    pidfile: values.pidfile ?? implied(daemon, "pidfile", DAEMON_PIDFILE),
    lock: values.lock ?? implied(hotSwap, "lock", HOT_SWAP_LOCK),
    log: {
      ...log,
      stdout: log.stdout ?? implied(daemon, "log.stdout", DAEMON_STDOUT),
      stderr: log.stderr ?? implied(daemon, "log.stderr", DAEMON_STDERR),
    },
  };
}

/** The name under which commander keeps an option. */
function toAttribute(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
