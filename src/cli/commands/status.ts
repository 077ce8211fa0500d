import { setTimeout as wait } from "node:timers/promises";
import { Command } from "commander";
import type { Broker } from "../../broker/broker.ts";
import type { KnownCounts } from "../../broker/counts.ts";
import type { HolderStatus } from "../../broker/inspect.ts";
import { redact } from "../../config/redact.ts";
import type { PoolStatus } from "../../control/messages.ts";
import { facet, findBroker, withBrokerAt } from "../broker.ts";
import { type CliContext, ExitCode } from "../context.ts";
import { counted, type Paint, print, printable, toTime } from "../output.ts";
import { poolView } from "../pool-view.ts";
import { addPoolOptions, findPoolsIfAny, type PoolOptions, readPools, type SilentManager } from "../pools.ts";
import { untilSignal } from "../signals.ts";
import { table } from "../table.ts";
import { queueTable } from "./queues.ts";

interface StatusOptions extends PoolOptions {
  readonly watch?: true;
}

interface Status {
  readonly broker: string;
  /** Those of this configuration on this host. */
  readonly pools: readonly PoolStatus[];
  /** Managers that are there and do not answer. */
  readonly silent: readonly SilentManager[];
  readonly queues: readonly KnownCounts[];
  /** `undefined` when the broker cannot say who is alive. */
  readonly workers: readonly HolderStatus[] | undefined;
}

export function statusCommand(context: CliContext): Command {
  const command = new Command("status")
    .summary("show the pool, queues and workers")
    .description(
      "Shows the pool that runs on this host, the queues with their jobs, and every worker that the broker knows.",
    )
    .option("-w, --watch", "show it again each second, until interrupted");
  return addPoolOptions(command)
    .addHelpText("after", "\nExample:\n  $ ganger status --watch")
    .action(async (_: object, self: Command) => {
      const options = self.optsWithGlobals<StatusOptions>();
      const found = await findBroker(context, options);
      await withBrokerAt(context, found, async (broker) => {
        const look = () => read(context, options, broker, found.url);
        if (options.watch === true) return watch(context, options, look);
        const status = await look();
        print(context, options, status, (paint) => render(status, paint));
        if (status.silent.length > 0) context.exit(ExitCode.failed);
      });
    });
}

async function read(
  context: CliContext,
  options: StatusOptions,
  broker: Broker,
  url: string,
): Promise<Status> {
  const [{ pools, silent }, queues, workers] = await Promise.all([
    findPoolsIfAny(context, options).then(({ managers }) => readPools(managers)),
    facet(broker, "counts").queues(),
    broker.inspect?.holders(),
  ]);
  return { broker: redact(url), pools, silent, queues, workers };
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

function render({ broker, pools, silent, queues, workers }: Status, paint: Paint): string {
  return [
    ...pools.map((pool) => poolView(pool, paint)),
    ...silent.map(({ pid, reason }) => paint("red", `Manager ${pid}: ${printable(reason)}`)),
    `${paint("bold", "broker")}  ${broker}`,
    queueTable(queues, paint),
    workersView(workers, paint),
  ].join("\n\n");
}

function workersView(workers: Status["workers"], paint: Paint): string {
  if (workers === undefined) return paint("dim", "this broker does not say which workers are alive");
  return workers.length === 0 ? paint("dim", "no worker is alive") : workerTable(workers, paint);
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
