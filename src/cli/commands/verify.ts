import { Command } from "commander";
import type { Broker } from "../../broker/broker.ts";
import { redact } from "../../config/redact.ts";
import { GangerError } from "../../errors.ts";
import type { CaseResult, VerifyReport } from "../../testing/conformance/run.ts";
import { url } from "../arguments.ts";
import { withBrokerAt } from "../broker.ts";
import type { CliContext, GlobalOptions } from "../context.ts";
import { counted, excerpt, type Paint, print, printable } from "../output.ts";
import { createProgress } from "../progress.ts";
import { untilSignal } from "../signals.ts";

interface VerifyOptions extends GlobalOptions {
  readonly private?: true;
  readonly quick?: true;
}

export function verifyCommand(context: CliContext): Command {
  return new Command("verify")
    .summary("prove that a broker keeps its promises")
    .description("Runs the conformance suite against a broker, one case after the other.")
    .argument("<url>", "the broker", url)
    .option("--private", "the store is empty and nobody else uses it: also run what looks at all of it")
    .option("--quick", "leave out what takes seconds")
    .addHelpText("after", "\nExample:\n  $ ganger verify sqlite:/tmp/verify.db --private")
    .action(async (given: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<VerifyOptions>();
      const { toAbsoluteBroker } = await import("../../config/broker-path.ts");
      const address = toAbsoluteBroker(given, context.cwd);
      const report = await withBrokerAt(context, { url: address }, (broker) =>
        verify(context, broker, options),
      );
      const { failed, results } = report;
      const document = { broker: redact(address), ...report, results: results.map(toDocument) };
      print(context, options, document, (paint) => summary(report, paint));
      if (failed === 0) return;
      const message = `${redact(address)} fails ${counted(failed, "case")} of ${results.length}`;
      throw new GangerError("GANGER_CONFORMANCE_FAILED", message, { hint: "Do not trust it with jobs." });
    });
}

/** Runs the cases. Each result is printed as it comes, or those that did not pass after the progress bar. */
async function verify(
  { stdout, stderr, signals }: CliContext,
  broker: Broker,
  options: VerifyOptions,
): Promise<VerifyReport> {
  const { verifyBroker } = await import("../../testing/conformance/run.ts");
  const { conformanceCases } = await import("../../testing/conformance/cases.ts");
  const progress = createProgress(stderr, conformanceCases.length);
  const write = (result: CaseResult) => {
    if (options.json !== true) stdout.write(`${toLine(result, options.verbose === true)}\n`);
  };
  using interrupt = untilSignal(signals);
  const report = await verifyBroker(broker, {
    isPrivate: options.private === true,
    quick: options.quick === true,
    signal: interrupt.signal,
    onResult(result) {
      progress.advance(result.name);
      if (!progress.isDrawn) write(result);
    },
  });
  progress.end();
  if (progress.isDrawn) for (const result of report.results) if (result.status !== "passed") write(result);
  if (report.results.length === conformanceCases.length) return report;
  throw new GangerError("GANGER_CONFORMANCE_FAILED", "The run was interrupted, so nothing is proved");
}

function toDocument({ name, status, reason, durationMs }: CaseResult): Omit<CaseResult, "error"> {
  return { name, status, reason, durationMs: Math.round(durationMs) };
}

function toLine({ name, status, reason, error, durationMs }: CaseResult, verbose: boolean): string {
  if (status === "passed") return `passed   ${name} (${Math.round(durationMs)} ms)`;
  if (status === "skipped") return `skipped  ${name}: ${reason ?? ""}`;
  const stack = verbose && error instanceof Error ? `\n${printable(error.stack ?? "")}` : "";
  return `FAILED   ${name}: ${excerpt(reason ?? "", 500)}${stack}`;
}

function summary({ passed, failed, skipped }: VerifyReport, paint: Paint): string {
  const failures = `${failed} failed`;
  return `${passed} passed, ${failed === 0 ? failures : paint("red", failures)}, ${skipped} skipped`;
}
