import { Command } from "commander";
import type { Finding } from "../../broker/maintenance.ts";
import { facet, withBroker } from "../broker.ts";
import { type CliContext, ExitCode, type GlobalOptions } from "../context.ts";
import { type Paint, print, printable, type Style } from "../output.ts";

const STYLE: Readonly<Record<Finding["level"], Style>> = { error: "red", warning: "yellow", info: "dim" };

export function doctorCommand(context: CliContext): Command {
  return new Command("doctor")
    .summary("look for what is wrong with the broker")
    .description("Looks for what an operator should know of the broker. Exits with 1 when it finds an error.")
    .addHelpText("after", "\nExample:\n  $ ganger doctor --json")
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const findings = await withBroker(context, options, (broker) => facet(broker, "maintenance").doctor());
      print(context, options, findings, (paint) => render(findings, paint));
      if (findings.some(({ level }) => level === "error")) context.exit(ExitCode.failed);
    });
}

function render(findings: readonly Finding[], paint: Paint): string {
  if (findings.length === 0) return paint("green", "nothing to report");
  const lines = findings.flatMap(({ level, check, message, hint }) => [
    `${paint(STYLE[level], level.padEnd(7))}  ${check}: ${message}`,
    ...(hint === undefined ? [] : [`         ${hint}`]),
  ]);
  return printable(lines.join("\n"));
}
