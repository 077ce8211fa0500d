import { Command } from "commander";
import type { CliContext } from "../context.ts";
import { tellManager } from "../control.ts";
import { addPoolOptions, type PoolOptions } from "../pools.ts";

interface ReloadOptions extends PoolOptions {
  readonly restartAll?: true;
}

export function reloadCommand(context: CliContext): Command {
  const command = new Command("reload")
    .summary("let the running pool take up its configuration anew")
    .description(
      "Makes the running pool read its configuration again, open its logs anew and replace the workers whose options changed.",
    )
    .option("--restart-all", "replace the other workers as well, for new code");
  return addPoolOptions(command)
    .addHelpText("after", "\nExample:\n  $ ganger reload -E production")
    .action(async (_: object, self: Command) => {
      const options = self.optsWithGlobals<ReloadOptions>();
      await tellManager(context, options, { type: "reload", all: options.restartAll === true }, "reloaded");
    });
}
