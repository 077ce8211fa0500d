import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import type BetterSqlite from "better-sqlite3";
import type { Row } from "./measure.ts";
import { versionOfPeer } from "./peers.ts";
import type { Entry } from "./subject.ts";
import type { Suite } from "./suite.ts";

const require = createRequire(import.meta.url);

const SQLITE = "better-sqlite3";

export function describeMachine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    os: `${type()} ${release()}`,
  };
}

export function describeVersions(suites: readonly Suite[]): Record<string, string> {
  const names = ["ganger", ...new Set(suites.flatMap(({ packages }) => packages))];
  return {
    node: process.versions.node,
    ...(names.includes(SQLITE) ? { sqlite: versionOfSqlite() } : {}),
    ...Object.fromEntries(names.map((name) => [name, versionOf(name)])),
    ...Object.fromEntries(
      suites.flatMap(({ peers = [] }) => peers.map((name) => [name, versionOfPeer(name)] as const)),
    ),
  };
}

/** Loaded only for what uses it: its addon is compiled for one version of Node.js. */
function versionOfSqlite(): string {
  const Database = require(SQLITE) as typeof BetterSqlite;
  const database = new Database(":memory:");
  const version = String(database.prepare("select sqlite_version()").pluck().get());
  database.close();
  return version;
}

/** Read from its folder: some packages do not export their package.json. */
function versionOf(name: string): string {
  const file = (require.resolve.paths(name) ?? [])
    .map((folder) => join(folder, name, "package.json"))
    .find((path) => existsSync(path));
  if (file === undefined) return name === "ganger" ? ownVersion() : "not installed";
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}

function ownVersion(): string {
  return (require("ganger/package.json") as { version: string }).version;
}

/** What each figure means: durability and acknowledgement, and what was special. */
export function describeSubjects(entries: readonly Entry[]) {
  return Object.fromEntries(
    entries.map(({ name, synchronous, contract, notes }) => [name, { synchronous, contract, notes }]),
  );
}

/** The rows of one case with their contracts and ratios, as lines for a terminal. */
export function toTable(rows: readonly Row[], entries: readonly Entry[], isLowerBetter = false): string {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const cases = [...new Set(rows.map((row) => row.case))];
  return cases
    .map((name) => {
      const own = rows.filter((row) => row.case === name);
      const better = (a: Row, b: Row | undefined) =>
        b === undefined ? "" : times(isLowerBetter ? b.median / a.median : a.median / b.median);
      const isShare = own.some(({ unit }) => unit === "of fair");
      const peers = own.filter(({ subject }) => byName.get(subject)?.role === "peer");
      const best = isShare ? undefined : bestOf(peers, isLowerBetter);
      const lines = own.map((row) => {
        const entry = byName.get(row.subject);
        const bare = isShare ? undefined : bareOf(own, byName, entry);
        const range = `${figure(row.min)} – ${figure(row.max)}`;
        const contract = [entry?.synchronous, entry?.contract].filter(Boolean).join(": ");
        return [
          row.subject,
          figure(row.median),
          range,
          better(row, best),
          better(row, bare),
          contract,
          row.note ?? "",
        ];
      });
      const shown = own.find(({ runs }) => runs > 0) ?? own[0];
      const unit = shown?.unit ?? "";
      const head = ["", unit, "min – max", "× best peer", "× bare", "contract", "note"];
      return `${name} (median of ${shown?.runs} runs)\n${align([head, ...lines])}`;
    })
    .join("\n\n");
}

function bestOf(rows: readonly Row[], isLowerBetter: boolean): Row | undefined {
  const sorted = rows.filter(({ median }) => !Number.isNaN(median)).sort((a, b) => b.median - a.median);
  return isLowerBetter ? sorted.at(-1) : sorted[0];
}

/** The bare statements at the same durability. */
function bareOf(rows: readonly Row[], byName: ReadonlyMap<string, Entry>, entry: Entry | undefined) {
  return rows.find(({ subject }) => {
    const other = byName.get(subject);
    return other?.role === "bare" && other.synchronous === entry?.synchronous;
  });
}

function times(ratio: number): string {
  return Number.isNaN(ratio) ? "" : ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2);
}

function figure(value: number): string {
  if (Number.isNaN(value)) return "–";
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toFixed(2);
}

function align(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column > 0 && column < 5 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
