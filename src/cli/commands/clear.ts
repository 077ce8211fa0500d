import { Command, Option } from "commander";
import type { Broker } from "../../broker/broker.ts";
import { isFinished, JOB_STATES, type JobState } from "../../job/states.ts";
import { queueName } from "../arguments.ts";
import { facet, withBroker } from "../broker.ts";
import { type CliContext, ExitCode, type GlobalOptions } from "../context.ts";
import { counted, print } from "../output.ts";

interface ClearOptions extends GlobalOptions {
  readonly state?: JobState;
  readonly yes?: true;
}

/** Running jobs are never cleared. */
const CLEARABLE = JOB_STATES.filter((state) => state !== "running");

export function clearCommand(context: CliContext): Command {
  return new Command("clear")
    .summary("empty a queue")
    .description("Cancels the jobs of a queue that have yet to run and deletes those that are finished.")
    .argument("<queue>", "the queue to empty", queueName)
    .addOption(new Option("-s, --state <state>", "only jobs in this state").choices(CLEARABLE))
    .option("-y, --yes", "do not ask")
    .addHelpText("after", "\nExample:\n  $ ganger clear mail --state failed --yes")
    .action(async (queue: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<ClearOptions>();
      const { state, yes } = options;
      const { ask } = context;
      if (yes !== true && ask === undefined) command.error("error: there is nobody to ask; give --yes");
      await withBroker(context, options, async (broker) => {
        if (yes !== true && ask !== undefined) {
          const answer = await ask(`${await describe(broker, queue, state)} Go on? [y/N] `);
          if (!/^y(?:es)?$/i.test(answer.trim())) {
            context.stderr.write("left alone\n");
            return context.exit(ExitCode.failed);
          }
        }
        const cleared = await facet(broker, "edit").clear(queue, state);
        print(context, options, { queue, cleared }, () => `cleared ${counted(cleared, "job")} from ${queue}`);
      });
    });
}

async function describe(broker: Broker, queue: string, state: JobState | undefined): Promise<string> {
  const queues = (await broker.counts?.queues()) ?? [];
  const counts = queues.find((found) => found.queue === queue)?.counts;
  if (counts === undefined) return `This empties "${queue}".`;
  const states = state === undefined ? CLEARABLE : [state];
  const sum = (some: readonly JobState[]) => some.reduce((total, each) => total + (counts[each] ?? 0), 0);
  const cancelled = sum(states.filter((each) => !isFinished(each)));
  const deleted = sum(states.filter(isFinished));
  return `In "${queue}" this cancels ${counted(cancelled, "job")} and deletes ${counted(deleted, "finished one")}.`;
}
