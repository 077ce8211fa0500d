import { Command } from "commander";
import type { Broker } from "../../broker/broker.ts";
import { queueName } from "../arguments.ts";
import { facet, withBroker } from "../broker.ts";
import { type CliContext, ExitCode, type GlobalOptions } from "../context.ts";
import { changeJobs, reportChange } from "../job-change.ts";
import { counted, print } from "../output.ts";

interface RetryOptions extends GlobalOptions {
  readonly queue?: string;
  readonly allFailed?: true;
}

export function retryCommand(context: CliContext): Command {
  return new Command("retry")
    .summary("make failed jobs wait for another run")
    .description("Makes failed jobs waiting again, with all their attempts before them.")
    .argument("[ids...]", "ids of failed jobs")
    .option("--all-failed", "all failed jobs instead of some")
    .option("-q, --queue <queue>", "with --all-failed: only those of this queue", queueName)
    .addHelpText("after", "\nExamples:\n  $ ganger retry 41 42\n  $ ganger retry --all-failed --queue mail")
    .action(async (ids: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<RetryOptions>();
      assertChoice(ids, options, command);
      if (options.allFailed === true) {
        const retried = await withBroker(context, options, (broker) => retryAll(broker, options.queue));
        return print(context, options, { retried }, () => `retried ${counted(retried, "job")}`);
      }
      const change = await withBroker(context, options, (broker) =>
        changeJobs(broker, ids, (some) => facet(broker, "edit").retry(some)),
      );
      reportChange(context, options, change, "retried");
      if (change.refused.length > 0) context.exit(ExitCode.failed);
    });
}

function assertChoice(ids: readonly string[], { allFailed, queue }: RetryOptions, command: Command): void {
  if (allFailed === true && ids.length > 0) command.error("error: give ids or --all-failed, not both");
  if (allFailed !== true && queue !== undefined) command.error("error: --queue goes with --all-failed");
  if (allFailed !== true && ids.length === 0) command.error("error: give ids, or --all-failed");
}

/** Page by page, as there may be a great many; those that fail meanwhile are left alone. */
async function retryAll(broker: Broker, queue: string | undefined): Promise<number> {
  let retried = 0;
  let after: string | undefined;
  for (;;) {
    const page = await facet(broker, "inspect").list({ state: "failed", queue, limit: 1000, after });
    const done = await facet(broker, "edit").retry(page.map(({ id }) => id));
    retried += done.filter(Boolean).length;
    after = page.at(-1)?.id;
    if (page.length < 1000) return retried;
  }
}
