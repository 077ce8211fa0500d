import { setTimeout as wait } from "node:timers/promises";
import { Command } from "commander";
import type { Broker } from "../../broker/broker.ts";
import type { HolderStatus, QueueCounts } from "../../broker/inspect.ts";
import { redact } from "../../config/redact.ts";
import { facet, findBroker, withBrokerAt } from "../broker.ts";
import type { CliContext, GlobalOptions } from "../context.ts";
import { counted, type Paint, print, toTime } from "../output.ts";
import { untilSignal } from "../signals.ts";
import { table } from "../table.ts";
import { queueTable } from "./queues.ts";

interface StatusOptions extends GlobalOptions {
  readonly watch?: true;
}

interface Status {
  readonly broker: string;
  readonly queues: readonly QueueCounts[];
  readonly workers: readonly HolderStatus[];
}

export function statusCommand(context: CliContext): Command {
  return new Command("status")
    .summary("show queues and workers")
    .description("Shows the queues with their jobs, and every worker that the broker knows.")
    .option("-w, --watch", "show it again each second, until interrupted")
    .addHelpText("after", "\nExample:\n  $ ganger status --watch")
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<StatusOptions>();
      const url = await findBroker(context, options);
      await withBrokerAt(context, url, async (broker) => {
        if (options.watch === true) return watch(context, options, () => read(broker, url));
        const status = await read(broker, url);
        print(context, options, status, (paint) => render(status, paint));
      });
    });
}

async function read(broker: Broker, url: string): Promise<Status> {
  const inspect = facet(broker, "inspect");
  const [queues, workers] = await Promise.all([inspect.queues(), inspect.holders()]);
  return { broker: redact(url), queues, workers };
}

/** Draws over what it drew before on a terminal, and one below the other elsewhere; JSON in lines. */
async function watch(
  context: CliContext,
  options: StatusOptions,
  look: () => Promise<Status>,
): Promise<void> {
  const { stdout, signals } = context;
  using interrupt = untilSignal(signals);
  while (!interrupt.signal.aborted) {
    const status = await look();
    if (options.json === true) stdout.write(`${JSON.stringify(status)}\n`);
    else {
      if (stdout.isTTY === true) stdout.write("\u001B[H\u001B[J");
      print(
        context,
        {},
        status,
        (paint) => `${paint("dim", toTime(new Date()))}\n${render(status, paint)}\n`,
      );
    }
    await wait(1000, undefined, { signal: interrupt.signal }).catch(() => {});
  }
}

function render({ broker, queues, workers }: Status, paint: Paint): string {
  return [
    `${paint("bold", "broker")}  ${broker}`,
    queueTable(queues, paint),
    workers.length === 0 ? paint("dim", "no worker is alive") : workerTable(workers, paint),
  ].join("\n\n");
}

function workerTable(workers: readonly HolderStatus[], paint: Paint): string {
  const columns = [
    { title: "worker" },
    { title: "queues" },
    { title: "state" },
    { title: "until" },
    { title: "holds", align: "right" as const },
  ];
  const rows = workers.map(({ holder, queues, alive, aliveUntil, held }) => [
    holder,
    queues,
    alive ? paint("green", "alive") : paint("red", "overdue"),
    toTime(aliveUntil),
    held,
  ]);
  const overdue = workers.filter(({ alive }) => !alive).length;
  const note =
    overdue === 0
      ? ""
      : `\n${counted(overdue, "worker")} overdue: their jobs are about to be given to others`;
  return table(columns, rows, paint) + note;
}
