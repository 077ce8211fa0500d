import { Command } from "commander";
import { type CliContext, ExitCode, type GlobalOptions } from "../context.ts";

interface StartOptions extends GlobalOptions {
  readonly jsonLogs?: true;
}

export function startCommand({ stderr, env, cwd, signals, exit }: CliContext): Command {
  return new Command("start")
    .summary("run workers until a signal stops them")
    .description("Starts the workers that the configuration asks for and keeps them running.")
    .option("--json-logs", "log JSON lines")
    .addHelpText(
      "after",
      "\nThe first SIGINT or SIGTERM lets running jobs finish; the second does not.\n\nExample:\n  $ ganger start -E production --json-logs",
    )
    .action(async (_: object, command: Command) => {
      const { config: file, environment, broker, jsonLogs } = command.optsWithGlobals<StartOptions>();
      const { loadConfig } = await import("../../config/load.ts");
      const { runPool } = await import("../../pool/run-pool.ts");

      const flags = { broker, log: { format: jsonLogs === true ? ("json" as const) : undefined } };
      const { config, warnings } = await loadConfig({ file, environment, env, cwd, flags });
      for (const warning of warnings) stderr.write(`warning: ${warning}\n`);
      const end = await runPool(config, { stderr, env, signals });
      exit(end === "clean" ? ExitCode.done : ExitCode.unclean);
    });
}
