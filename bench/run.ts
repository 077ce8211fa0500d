import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { alternate, type Row, toRows } from "./measure.ts";
import { installPeers } from "./peers.ts";
import { describeMachine, describeSubjects, describeVersions, toTable } from "./report.ts";
import { scoped } from "./scope.ts";
import type { Suite } from "./suite.ts";
import { fork } from "./suites/fork.ts";
import { mysql } from "./suites/mysql.ts";
import { pool } from "./suites/pool.ts";
import { postgres } from "./suites/postgres.ts";
import { rabbitmq } from "./suites/rabbitmq.ts";
import { redis, redisAof } from "./suites/redis.ts";
import { sqlite } from "./suites/sqlite.ts";
import { sum } from "./suites/sum.ts";

/**
 * Compares ganger with other queues, and measures pools: `npm run bench -- SUITE… [--case NAME]… [--runs N] [--json FILE] [--quick]`.
 *
 * All contenders of a case run in turn, `--runs` times (5), and medians are
 * printed with their spread. `--case process` has only the cases whose name begins so. `--quick` is one run of a tenth
 * of the jobs, to see that it works; its figures are no good.
 */
const SUITES: readonly Suite[] = [sqlite, redis, redisAof, postgres, mysql, rabbitmq, sum, pool, fork];
const USAGE = `Usage: npm run bench -- SUITE… [--case NAME]… [--only SUBJECT]… [--runs N] [--json FILE] [--quick]
Suites: ${SUITES.map(({ name }) => name).join(", ")}
Cases by the beginning of their names: --list prints them`;

process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
const { suites, runs, scale, json, isWanted, isSubject, isList } = readArguments();
if (isList) {
  for (const { name, cases } of suites) for (const one of cases(scale)) console.log(`${name}: ${one.name}`);
  process.exit();
}
if (suites.some(({ peers = [] }) => peers.length > 0)) installPeers();
const rows: Row[] = [];
const grounds: Record<string, string> = {};
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
  writeFileSync(
    resolve(json),
    `${JSON.stringify({ machine, versions, grounds, subjects, rows }, undefined, 2)}\n`,
  );
}
process.exit();

function run(suite: Suite): Promise<void> {
  return scoped(async (defer) => {
    const ground = await suite.ground?.start(defer);
    if (ground !== undefined) {
      grounds[suite.name] = ground;
      console.log(`${suite.name}: ${ground}\n`);
    }
    for (const one of suite.cases(scale)) {
      if (!isWanted(one.name)) continue;
      const contenders = one.contenders.filter(({ subject }) => isSubject(subject));
      if (contenders.length > 0) await runCase(suite, { ...one, contenders });
    }
    for (const note of suite.entries.flatMap(({ notes }) => notes)) console.log(note);
  });
}

async function runCase(
  { name: suite, entries }: Suite,
  one: ReturnType<Suite["cases"]>[number],
): Promise<void> {
  const { name, contenders, isLowerBetter = false } = one;
  const start = performance.now();
  const results = await alternate(contenders, runs, (subject, nth) =>
    process.stderr.write(`${suite}: ${name}: run ${nth} of ${runs}: ${subject}\n`),
  );
  const measured = toRows({ suite, name }, results);
  rows.push(...measured);
  console.log(toTable(measured, entries, isLowerBetter));
  console.log(`${Math.round((performance.now() - start) / 1000)} s\n`);
  const ownFailure = results.some(
    ({ contender, failures }) =>
      failures.length > 0 &&
      entries.some((entry) => entry.name === contender.subject && entry.role === "ganger"),
  );
  if (ownFailure) process.exitCode = 1;
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        runs: { type: "string" },
        json: { type: "string" },
        case: { type: "string", multiple: true, default: [] },
        only: { type: "string", multiple: true, default: [] },
        list: { type: "boolean", default: false },
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
    const share = values.quick ? 0.1 : 1;
    const names = chosen.flatMap(({ cases }) => cases(share).map(({ name }) => name));
    for (const wanted of values.case) {
      if (!names.some((name) => name.startsWith(wanted)))
        throw new TypeError(`No case of ${positionals.join(", ")} begins with "${wanted}"`);
    }
    return {
      suites: chosen,
      runs: count,
      scale: share,
      json: values.json,
      isList: values.list,
      isWanted: (name: string) =>
        values.case.length === 0 || values.case.some((wanted) => name.startsWith(wanted)),
      isSubject: (name: string) =>
        values.only.length === 0 ||
        values.only.some((wanted) => name === wanted || name.startsWith(`${wanted}, `)),
    };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}
