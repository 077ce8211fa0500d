import { Command } from "commander";
import { assertBrokerUrl } from "../../broker/connect.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { redact } from "../../config/redact.ts";
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
      const { config, values, warnings } = loaded;
      assertBrokerUrl(config.broker);
      const { file = null, environment } = config;
      const explained = options.explain === true ? { values } : {};
      print(context, options, { ok: true, file, environment, warnings, ...explained }, (paint) =>
        options.explain === true ? explanation(loaded, paint) : summary(loaded, paint),
      );
      for (const warning of warnings) context.stderr.write(`warning: ${warning}\n`);
    });
}

function summary({ config }: LoadedConfig, paint: Paint): string {
  const { file = "no file", environment, app, broker, workers } = config;
  const total = workers.reduce((sum, { count }) => sum + count, 0);
  return [
    `${paint("green", "ok")}  ${file}`,
    `    ${app} in ${environment}: ${counted(total, "worker")} on ${redact(broker)}`,
    ...workers.map(
      ({ queues, count, concurrency, order }) =>
        `    ${String(count).padStart(4)} × ${queues}  ${paint("dim", `${concurrency} at a time, ${order}`)}`,
    ),
  ].join("\n");
}

function explanation({ values }: LoadedConfig, paint: Paint): string {
  const rows = values.map(({ key, value, source }) => [
    key,
    excerpt(Array.isArray(value) ? value.join(", ") : String(value), 80),
    source === "default" ? paint("dim", source) : source,
  ]);
  return table([{ title: "key" }, { title: "value" }, { title: "from" }], rows, paint);
}
