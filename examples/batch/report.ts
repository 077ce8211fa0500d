import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import Table from "cli-table3";
import type { JobRecord } from "ganger";
import type { Comparison } from "./compare.ts";
import type { Listing } from "./list-files.ts";
import type { Measurement } from "./measure.ts";
import type { BatchReport } from "./run-batch.ts";

export interface ReportInput {
  readonly folder: string;
  readonly workers: number;
  readonly listing: Listing;
  readonly batch: BatchReport;
  readonly comparison: Comparison;
}

interface Totals {
  files: number;
  bytes: number;
  gzipBytes: number;
  lines: number;
  words: number;
}

/** Writes `report.json` and prints a table by file type. True when pool and sequential pass agree on everything. */
export function report(input: ReportInput, file: string): boolean {
  const { folder, workers, listing, batch, comparison } = input;
  const types = byType(comparison.measured);
  const problems = [...comparison.measured].filter(([, { status }]) => status !== "measured");
  const agrees =
    comparison.different.length === 0 &&
    comparison.failed.length === 0 &&
    batch.jobs.length === listing.files.length;
  const total = sum([...types.values()]);
  const runs = { crashed: count(batch.jobs, "crashes"), retried: count(batch.jobs, "attempts") };
  const seconds = { pool: batch.seconds, sequential: comparison.seconds };
  const { different, changed, failed } = comparison;
  const details = { victim: batch.victim, runs, different, changed, failed, skipped: listing.skipped };
  const summary = {
    folder,
    workers,
    agrees,
    total,
    seconds,
    ...details,
    problems: Object.fromEntries(problems),
  };
  writeFileSync(file, `${JSON.stringify({ ...summary, types: Object.fromEntries(types) }, undefined, 2)}\n`);
  console.log(toTable(types, total));
  for (const line of sentences(input, { runs, problems: problems.length })) console.log(line);
  console.log(agrees ? `Pool and sequential pass agree. Written: ${file}` : `They differ: see ${file}`);
  return agrees;
}

function byType(measured: ReadonlyMap<string, Measurement>): ReadonlyMap<string, Totals> {
  const types = new Map<string, Totals>();
  for (const [path, result] of measured) {
    if (result.status !== "measured") continue;
    const type = extname(path).toLowerCase() || "(none)";
    const other = types.get(type) ?? sum([]);
    types.set(type, sum([other, { ...result, files: 1 }]));
  }
  return new Map([...types].sort(([, a], [, b]) => b.bytes - a.bytes));
}

function sum(all: readonly Totals[]): Totals {
  const total = { files: 0, bytes: 0, gzipBytes: 0, lines: 0, words: 0 };
  for (const one of all) {
    total.files += one.files;
    total.bytes += one.bytes;
    total.gzipBytes += one.gzipBytes;
    total.lines += one.lines;
    total.words += one.words;
  }
  return total;
}

const SHOWN = 15;

function toTable(types: ReadonlyMap<string, Totals>, total: Totals): string {
  const table = new Table({
    head: ["type", "files", "MiB", "gzip MiB", "lines", "words"],
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
    colAligns: ["left", "right", "right", "right", "right", "right"],
    style: process.stdout.isTTY ? {} : { head: [], border: [] },
  });
  const rest = sum([...types.values()].slice(SHOWN));
  for (const [type, row] of [...types].slice(0, SHOWN)) table.push(toRow(type, row));
  if (rest.files > 0) table.push(toRow(`${types.size - SHOWN} others`, rest));
  table.push(toRow("all", total));
  return table.toString();
}

function toRow(type: string, { files, bytes, gzipBytes, lines, words }: Totals): string[] {
  return [
    type,
    ...[files, mib(bytes), mib(gzipBytes), lines, words].map((value) => value.toLocaleString("en-US")),
  ];
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function sentences(
  { batch, comparison, workers, listing }: ReportInput,
  { runs, problems }: { readonly runs: { crashed: number }; readonly problems: number },
): readonly string[] {
  const perSecond = Math.round(batch.jobs.length / batch.seconds);
  const said = [
    `${batch.jobs.length} jobs by ${workers} workers in ${batch.seconds.toFixed(1)} s (${perSecond}/s); one after the other, and from a warm cache, it took ${comparison.seconds.toFixed(1)} s.`,
  ];
  if (batch.victim !== undefined) {
    said.push(
      `Worker ${batch.victim} was killed half-way: ${runs.crashed} started jobs ran again, nothing was lost.`,
    );
  }
  if (problems > 0) said.push(`${problems} files were unreadable, special or gone; report.json names them.`);
  if (comparison.changed.length > 0)
    said.push(`${comparison.changed.length} files changed meanwhile and were not compared.`);
  if (listing.skipped.length > 0)
    said.push(`${listing.skipped.length} links, devices and closed folders were passed over.`);
  return said;
}

function count(jobs: readonly JobRecord[], what: "crashes" | "attempts"): number {
  return jobs.reduce((total, job) => total + job[what], 0);
}
