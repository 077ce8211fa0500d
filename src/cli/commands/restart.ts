import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { tellManager } from "../control.ts";
import { addPoolOptions, type PoolOptions } from "../pools.ts";

interface RestartOptions extends PoolOptions {
  readonly rolling?: true;
}

export function restartCommand(context: CliContext): Command {
  const command = new Command("restart")
    .summary("replace the workers of the running pool one by one")
    .description(
      "Replaces all workers, one of each group at a time, with the new one ready before the old one goes.",
    )
    .option("--rolling", "one by one; there is no other way");
  return addPoolOptions(command)
    .addHelpText(
      "after",
      "\nIt gives up, and keeps the old workers, when new ones do not come up.\n\nExample:\n  $ ganger restart --rolling",
    )
    .action(async (_: object, self: Command) => {
      const options = self.optsWithGlobals<RestartOptions>();
      if (options.rolling !== true) {
        self.error(
          "error: give --rolling, to replace the workers one by one; to have none in between, ganger stop and ganger start",
        );
      }
      await tellManager(context, options, { type: "restart" }, "restarted");
    });
}
