import { Command, Option } from "commander";
import { GangerError } from "../../errors.ts";
import { JOB_STATES, type JobState } from "../../job/states.ts";
import { count, queueName } from "../arguments.ts";
import { facet, withBroker } from "../broker.ts";
import type { CliContext, GlobalOptions } from "../context.ts";
import { jobDetails, jobTable, toDocument } from "../job-view.ts";
import { print } from "../output.ts";

interface JobsOptions extends GlobalOptions {
  readonly state?: JobState;
  readonly queue?: string;
  readonly name?: string;
  readonly tag?: string;
  readonly limit: number;
  readonly after?: string;
}

export function jobsCommand(context: CliContext): Command {
  return new Command("jobs")
    .summary("list jobs, the oldest first")
    .description("Lists jobs, the oldest first.")
    .addOption(new Option("-s, --state <state>", "only jobs in this state").choices(JOB_STATES))
    .option("-q, --queue <queue>", "only jobs in this queue", queueName)
    .option("-n, --name <name>", "only jobs of this name")
    .option("-t, --tag <tag>", "only jobs with this tag")
    .option("-l, --limit <n>", "how many to list", count, 50)
    .option("--after <id>", "go on behind this job, the last one of the page before")
    .addHelpText("after", "\nExample:\n  $ ganger jobs --state failed --queue mail")
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<JobsOptions>();
      const { state, queue, name, tag, limit, after } = options;
      const filter = { state, queue, name, tag, limit, after };
      const jobs = await withBroker(context, options, (broker) => facet(broker, "inspect").list(filter));
      print(context, options, jobs.map(toDocument), (paint) => {
        const last = jobs.length < limit ? undefined : jobs.at(-1);
        const more = last === undefined ? "" : `\n${paint("dim", `there may be more: --after ${last.id}`)}`;
        return jobTable(jobs, paint) + more;
      });
    });
}

export function jobCommand(context: CliContext): Command {
  return new Command("job")
    .summary("show all that is known of a job")
    .description("Shows one job with its payload, result, error, history and log.")
    .argument("<id>", "the id that enqueue printed")
    .addHelpText("after", "\nExample:\n  $ ganger job 42 --json")
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const job = await withBroker(context, options, (broker) => facet(broker, "inspect").find(id));
      if (job === undefined) {
        throw new GangerError("GANGER_JOB_MISSING", `No job has the id ${JSON.stringify(id)}`, {
          hint: "List the jobs there are: ganger jobs. Finished ones are deleted after a time.",
        });
      }
      print(context, options, toDocument(job), (paint) => jobDetails(job, paint));
    });
}
