import { Command } from "commander";
import type { KnownCounts } from "../../broker/counts.ts";
import { JOB_STATES } from "../../job/states.ts";
import { facet, withBroker } from "../broker.ts";
import type { CliContext, GlobalOptions } from "../context.ts";
import { type Paint, print } from "../output.ts";
import { table } from "../table.ts";

export function queuesCommand(context: CliContext): Command {
  return new Command("queues")
    .summary("list the queues with their numbers of jobs")
    .description("Lists every queue that ever had a job, with the number of jobs in each state.")
    .addHelpText("after", "\nExample:\n  $ ganger queues --broker sqlite:./ganger.db")
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const queues = await withBroker(context, options, (broker) => facet(broker, "counts").queues());
      print(context, options, queues, (paint) => queueTable(queues, paint));
    });
}

export function queueTable(queues: readonly KnownCounts[], paint: Paint): string {
  if (queues.length === 0) return paint("dim", "no queue has had a job yet");
  const columns = [{ title: "queue" }, ...JOB_STATES.map((title) => ({ title, align: "right" as const }))];
  const rows = queues.map(({ queue, counts }) => [
    queue,
    ...JOB_STATES.map((state) => {
      const count = counts[state];
      if (count === undefined) return paint("dim", "?");
      const amount = String(count);
      if (count === 0) return paint("dim", amount);
      return state === "failed" ? paint("red", amount) : amount;
    }),
  ]);
  return table(columns, rows, paint);
}
