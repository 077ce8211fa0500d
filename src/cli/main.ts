import { Command, CommanderError } from "commander";
import { cancelCommand } from "./commands/cancel.ts";
import { checkCommand } from "./commands/check.ts";
import { clearCommand } from "./commands/clear.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { enqueueCommand } from "./commands/enqueue.ts";
import { initCommand } from "./commands/init.ts";
import { jobCommand, jobsCommand } from "./commands/jobs.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { queuesCommand } from "./commands/queues.ts";
import { reloadCommand } from "./commands/reload.ts";
import { restartCommand } from "./commands/restart.ts";
import { retryCommand } from "./commands/retry.ts";
import { startCommand } from "./commands/start.ts";
import { statusCommand } from "./commands/status.ts";
import { stopCommand } from "./commands/stop.ts";
import { verifyCommand } from "./commands/verify.ts";
import { type CliContext, type CliProcess, ExitCode, type GlobalOptions } from "./context.ts";
import { printError } from "./failure.ts";
import { readVersion } from "./version.ts";

const COMMANDS = [
  initCommand,
  startCommand,
  statusCommand,
  reloadCommand,
  restartCommand,
  stopCommand,
  enqueueCommand,
  queuesCommand,
  jobsCommand,
  jobCommand,
  retryCommand,
  cancelCommand,
  clearCommand,
  checkCommand,
  doctorCommand,
  migrateCommand,
  verifyCommand,
];

/** Runs the command line and resolves with the code to exit with. Never rejects. */
export async function main(argv: readonly string[], surroundings: CliProcess): Promise<ExitCode> {
  let code: ExitCode = ExitCode.done;
  const context: CliContext = {
    ...surroundings,
    argv,
    exit(given) {
      code = given;
    },
  };
  const program = createProgram(context);
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.done : ExitCode.usage;
    printError(context, error, program.opts<GlobalOptions>().verbose === true || argv.includes("--verbose"));
    return ExitCode.failed;
  }
}

function createProgram(context: CliContext): Command {
  const { stdout, stderr } = context;
  const program = new Command("ganger")
    .description("Keeps the right number of workers on the right queues.")
    .version(readVersion(), "--version", "print the version")
    .option("-c, --config <file>", "the configuration to read instead of ganger.yml")
    .option("-E, --environment <name>", "the environment, instead of GANGER_ENV or NODE_ENV")
    .option("--broker <url>", "the broker to use, whatever the configuration says")
    .option("--json", "print one JSON document")
    .option("--verbose", "print the stack of an error")
    .helpOption("-h, --help", "print help")
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage, 3 stopped but not cleanly.")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 80,
      getErrHelpWidth: () => stderr.columns ?? 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  for (const create of COMMANDS) program.addCommand(create(context).copyInheritedSettings(program));
  return program;
}
