import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { alternate, type Row, toRows } from "./measure.ts";
import { describeMachine, describeSubjects, describeVersions, toTable } from "./report.ts";
import type { Suite } from "./suite.ts";
import { fork } from "./suites/fork.ts";
import { pool } from "./suites/pool.ts";
import { sqlite } from "./suites/sqlite.ts";

/**
 * Compares ganger with other queues, and measures pools: `npm run bench -- SUITE… [--runs N] [--json FILE] [--quick]`.
 *
 * All contenders of a case run in turn, `--runs` times (5), and medians are
 * printed with their spread. `--quick` is one run of a tenth of the jobs, to see that it works; its figures are no good.
 */
const SUITES: readonly Suite[] = [sqlite, pool, fork];
const USAGE = `Usage: npm run bench -- SUITE… [--runs N] [--json FILE] [--quick]
Suites: ${SUITES.map(({ name }) => name).join(", ")}`;

process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
const { suites, runs, scale, json } = readArguments();
const rows: Row[] = [];
const machine = describeMachine();
const versions = describeVersions(suites);
console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.os}`);
console.log(
  `${Object.entries(versions)
    .map((pair) => pair.join(" "))
    .join(", ")}\n`,
);
for (const suite of suites) await run(suite);
if (json !== undefined) {
  const subjects = describeSubjects(suites.flatMap(({ entries }) => entries));
  writeFileSync(resolve(json), `${JSON.stringify({ machine, versions, subjects, rows }, undefined, 2)}\n`);
}

async function run({ name: suite, entries, cases }: Suite): Promise<void> {
  for (const { name, contenders, isLowerBetter = false } of cases(scale)) {
    const results = await alternate(contenders, runs, (subject, nth) =>
      process.stderr.write(`${suite}: ${name}: run ${nth} of ${runs}: ${subject}\n`),
    );
    const measured = toRows({ suite, name }, results);
    rows.push(...measured);
    console.log(`${toTable(measured, entries, isLowerBetter)}\n`);
    const ownFailure = results.some(
      ({ contender, failures }) =>
        failures.length > 0 &&
        entries.some((entry) => entry.name === contender.subject && entry.role === "ganger"),
    );
    if (ownFailure) process.exitCode = 1;
  }
  for (const note of entries.flatMap(({ notes }) => notes)) console.log(note);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        runs: { type: "string" },
        json: { type: "string" },
        quick: { type: "boolean", default: false },
      },
    });
    const chosen = positionals.map((name) => {
      const suite = SUITES.find((one) => one.name === name);
      if (suite === undefined) throw new TypeError(`There is no suite "${name}"`);
      return suite;
    });
    if (chosen.length === 0) throw new TypeError("Name a suite");
    const count = Number(values.runs ?? (values.quick ? 1 : 5));
    if (!Number.isInteger(count) || count < 1)
      throw new TypeError(`--runs is "${values.runs}"; give a whole number from 1`);
    return { suites: chosen, runs: count, scale: values.quick ? 0.1 : 1, json: values.json };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}
