import { existsSync } from "node:fs";
import { Command } from "commander";
import { assertBrokerUrl } from "../../broker/connect.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { redact } from "../../config/redact.ts";
import type { WorkerGroup } from "../../config/resolved.ts";
import { readConfig } from "../broker.ts";
import type { CliContext, GlobalOptions } from "../context.ts";
import { counted, excerpt, type Paint, print } from "../output.ts";
import { table } from "../table.ts";

interface CheckOptions extends GlobalOptions {
  readonly explain?: true;
}

export function checkCommand(context: CliContext): Command {
  return new Command("check")
    .summary("check the configuration")
    .description("Reads the configuration and says what is wrong with it, all at once.")
    .option("--explain", "print every value and where it comes from")
    .addHelpText("after", "\nExample:\n  $ ganger check --explain -E production")
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<CheckOptions>();
      const loaded = await readConfig(context, options);
      const { config, values } = loaded;
      assertBrokerUrl(config.broker);
      const warnings = [...loaded.warnings, ...(await warningsOfJobs(loaded))];
      const { file = null, environment } = config;
      const explained = options.explain === true ? { values } : {};
      print(context, options, { ok: true, file, environment, warnings, ...explained }, (paint) =>
        options.explain === true ? explanation(loaded, paint) : summary(loaded, paint),
      );
      for (const warning of warnings) context.stderr.write(`warning: ${warning}\n`);
    });
}

/** What shows only when it is known which queues jobs go to. */
async function warningsOfJobs({ config, describe }: LoadedConfig): Promise<readonly string[]> {
  const { jobs, workers } = config;
  if (!workers.some(({ count }) => count > 0) || !jobs.every((path) => existsSync(path))) return [];
  const { readJobQueues } = await import("../../config/check/job-queues.ts");
  const { queues = [], reason } = await readJobQueues(jobs);
  if (reason !== undefined)
    return [describe({ path: ["jobs"], reason: `cannot be looked through: ${reason}` })];
  if (queues.length === 0) return [];
  const { findIdlePatterns, findUnserved } = await import("../../config/check/unserved.ts");
  return [
    ...findUnserved(queues, workers).map((queue) =>
      describe({ path: ["workers"], reason: `none serves the queue ${queue}, which jobs go to` }),
    ),
    ...findIdlePatterns(queues, workers).map(describe),
  ];
}

function summary({ config }: LoadedConfig, paint: Paint): string {
  const { file = "no file", environment, app, broker, workers } = config;
  const total = workers.reduce((sum, { count }) => sum + count, 0);
  return [
    `${paint("green", "ok")}  ${file}`,
    `    ${app} in ${environment}: ${counted(total, "worker")} on ${redact(broker)}`,
    ...workers.map(
      (group) => `    ${String(group.count).padStart(4)} × ${group.queues}  ${paint("dim", mannerOf(group))}`,
    ),
  ].join("\n");
}

function mannerOf({ concurrency, order, isolation }: WorkerGroup): string {
  const where = isolation.type === "inline" ? "" : `, each in a ${isolation.type}`;
  return `${concurrency} at a time, ${order}${where}`;
}

function explanation({ values }: LoadedConfig, paint: Paint): string {
  const rows = values.map(({ key, value, source }) => [
    key,
    excerpt(Array.isArray(value) ? value.join(", ") : String(value), 80),
    source === "default" ? paint("dim", source) : source,
  ]);
  return table([{ title: "key" }, { title: "value" }, { title: "from" }], rows, paint);
}
