import { Command, Option } from "commander";
import { Client } from "../../client/client.ts";
import type { EnqueueOptions } from "../../client/new-job.ts";
import { count, duration, json, priority, queueName, time } from "../arguments.ts";
import { readConfig, toFound, withBrokerAt } from "../broker.ts";
import type { CliContext, GlobalOptions } from "../context.ts";
import { print } from "../output.ts";

interface Options extends GlobalOptions, Pick<EnqueueOptions, "queue" | "priority" | "runAt" | "attempts"> {
  readonly delay?: number;
  readonly tag?: readonly string[];
  readonly count: number;
}

export function enqueueCommand(context: CliContext): Command {
  return new Command("enqueue")
    .summary("put a job into its queue")
    .description(
      "Checks a payload against its job definition and puts the job into its queue. Prints its id.",
    )
    .argument("<name>", "name of a job definition")
    .argument("[payload]", "payload as JSON; null by default", json)
    .option("-q, --queue <queue>", "another queue than the definition's", queueName)
    .option("-p, --priority <n>", "higher runs first within its queue", priority)
    .addOption(
      new Option("-d, --delay <duration>", "run no sooner than this from now")
        .argParser(duration)
        .conflicts("runAt"),
    )
    .option("--run-at <time>", "run no sooner than at this time", time)
    .option("--attempts <n>", "runs that may end in an error", count)
    .option("--tag <tag...>", "mark the job with tags")
    .option("--count <n>", "enqueue so many alike", count, 1)
    .addHelpText("after", `\nExample:\n  $ ganger enqueue hello '{"to":"world"}' --delay 10s`)
    .action(async (name: string, payload: unknown, _: object, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const { config } = await readConfig(context, options);
      const { loadJobs } = await import("../../worker/modules/load-jobs.ts");
      const definition = (await loadJobs(config.jobs)).get(name);

      const ids = await withBrokerAt(context, toFound(config), (broker) =>
        new Client(broker).enqueueMany(
          definition,
          Array.from({ length: options.count }, () => payload ?? null),
          toEnqueueOptions(options),
        ),
      );
      print(context, options, { ids }, () => ids.join("\n"));
    });
}

function toEnqueueOptions({ queue, priority: rank, delay, runAt, attempts, tag }: Options): EnqueueOptions {
  return { queue, priority: rank, delay, runAt, attempts, tags: tag };
}
