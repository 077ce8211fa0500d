import { Command, Option } from "commander";
import type { CliContext } from "../context.ts";
import { Notes, Silence, stopManager } from "../control.ts";
import { print } from "../output.ts";
import { addPoolOptions, findManager, type PoolOptions } from "../pools.ts";

interface StopOptions extends PoolOptions {
  readonly now?: true;
  readonly kill?: true;
  readonly wait: boolean;
}

export function stopCommand(context: CliContext): Command {
  const command = new Command("stop")
    .summary("stop the running pool")
    .description("Stops the running pool once its jobs have finished, and waits until it is gone.")
    .addOption(new Option("--now", "abort the jobs instead; they are run again").conflicts("kill"))
    .option("--kill", "kill all workers; their jobs are run again")
    .option("--no-wait", "return as soon as the manager has heard it");
  return addPoolOptions(command)
    .addHelpText(
      "after",
      "\nA second stop may be harder than the first.\n\nExamples:\n  $ ganger stop\n  $ ganger stop --now --no-wait",
    )
    .action(async (_: object, self: Command) => {
      const options = self.optsWithGlobals<StopOptions>();
      const manager = await findManager(context, options);
      const notes = new Notes(context, options);
      const { pid } = manager;
      using silence = new Silence(context, pid);
      const onNote = (text: string) => {
        silence[Symbol.dispose]();
        notes.add(text);
      };
      await stopManager(manager, howOf(options), { onNote, waits: options.wait });
      const document = { pid, stopped: options.wait, notes: notes.texts };
      print(context, options, document, () =>
        options.wait ? `stopped the pool (manager ${pid})` : `the pool is stopping (manager ${pid})`,
      );
    });
}

function howOf({ now, kill }: StopOptions): "graceful-wait" | "immediate" | "kill" {
  if (kill === true) return "kill";
  return now === true ? "immediate" : "graceful-wait";
}
