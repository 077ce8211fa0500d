import { Command } from "commander";
import { facet, withBroker } from "../broker.ts";
import { type CliContext, ExitCode, type GlobalOptions } from "../context.ts";
import { changeJobs, reportChange } from "../job-change.ts";

export function cancelCommand(context: CliContext): Command {
  return new Command("cancel")
    .summary("stop jobs that are not finished")
    .description("Cancels jobs that are not finished. A running one is told to stop; its outcome is refused.")
    .argument("<ids...>", "ids of jobs")
    .addHelpText("after", "\nExample:\n  $ ganger cancel 41 42")
    .action(async (ids: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const change = await withBroker(context, options, (broker) =>
        changeJobs(broker, ids, (some) => facet(broker, "edit").cancel(some)),
      );
      reportChange(context, options, change, "cancelled");
      if (change.refused.length > 0) context.exit(ExitCode.failed);
    });
}
