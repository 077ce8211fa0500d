import { Command, InvalidArgumentError } from "commander";
import type { Migration, Migrations } from "../../broker/migrate.ts";
import { findBroker } from "../broker.ts";
import { type CliContext, ExitCode, type GlobalOptions } from "../context.ts";
import { counted, print, printable } from "../output.ts";

interface MigrateOptions extends GlobalOptions {
  readonly plan?: true;
  readonly down?: number;
  readonly yes?: true;
}

/** What was done, or would be. */
interface Report {
  /** Versions of the schema; `undefined` for a store that has none. */
  readonly from?: number;
  readonly to?: number;
  readonly steps: readonly Migration[];
}

const HELP = `
Examples:
  $ ganger migrate --plan
  $ ganger migrate
  $ ganger migrate --down 1 --yes`;

export function migrateCommand(context: CliContext): Command {
  return new Command("migrate")
    .summary("bring the schema of the broker's store up to date")
    .description(
      "Brings the schema of the broker's store to the newest version that this release knows, under a lock. " +
        "Brokers without a schema have nothing to migrate.",
    )
    .option("--plan", "print the statements that would run, and change nothing")
    .option(
      "--down <version>",
      "take the schema back to this version; 0 deletes everything, jobs and all",
      version,
    )
    .option("-y, --yes", "with --down: do not ask")
    .addHelpText("after", HELP)
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<MigrateOptions>();
      const { plan, down, yes } = options;
      if (plan === true && down !== undefined) command.error("error: --plan does not go with --down");
      if (down !== undefined && yes !== true && context.ask === undefined)
        command.error("error: there is nobody to ask; give --yes");
      const { url } = await findBroker(context, options);
      const { openMigrations } = await import("../../broker/connect.ts");
      const migrations = await openMigrations(url);
      if (migrations === undefined) {
        const scheme = /^[a-z]+:/.exec(url)?.[0] ?? "";
        const nothing: Report = { steps: [] };
        return print(context, options, nothing, () => `${scheme} has no schema: there is nothing to migrate`);
      }
      await using schema = migrations;
      await run(context, options, schema);
    });
}

async function run(context: CliContext, options: MigrateOptions, migrations: Migrations): Promise<void> {
  const { plan, down, yes } = options;
  const from = await migrations.current();
  if (down === undefined) {
    const steps = plan === true ? await migrations.plan() : await migrations.up();
    const to = Math.max(from, migrations.latest);
    return print(context, options, { from, to, steps } satisfies Report, () =>
      plan === true ? renderPlan({ from, to, steps }) : renderDone({ from, to, steps }),
    );
  }
  if (yes !== true && down < from && !(await agrees(context, from, down))) {
    context.stderr.write("left alone\n");
    return context.exit(ExitCode.failed);
  }
  const steps = await migrations.down(down);
  const report: Report = { from, to: Math.min(from, down), steps };
  print(context, options, report, () => renderDone(report));
}

async function agrees({ ask }: CliContext, from: number, down: number): Promise<boolean> {
  const loss = down === 0 ? "deletes all jobs" : `takes the schema from version ${from} to ${down}`;
  const answer = await ask?.(
    `This ${loss}, and everything that uses the store should be stopped. Go on? [y/N] `,
  );
  return /^y(?:es)?$/i.test((answer ?? "").trim());
}

function renderPlan({ from, steps }: Report): string {
  if (steps.length === 0) return `up to date: schema version ${from}`;
  const scripts = steps.map(({ version: to, statements }) => `-- to version ${to}\n${statements.trim()}\n`);
  return printable([...scripts, `${counted(steps.length, "step")} to do from version ${from}`].join("\n"));
}

function renderDone({ from, to, steps }: Report): string {
  if (steps.length === 0) return `up to date: schema version ${from}`;
  return `schema version ${from} → ${to}, ${counted(steps.length, "step")}`;
}

function version(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Give a version, a whole number from 0.");
}
