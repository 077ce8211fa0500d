import { statSync } from "node:fs";
import type { Finding } from "../../broker/maintenance.ts";
import type { Connection } from "./connection.ts";
import { toNumber, toText } from "./rows.ts";

/** Looks at a store as an operator would. Reads alone. */
export function diagnose(connection: Connection): readonly Finding[] {
  const findings = [
    ...integrity(connection),
    ...books(connection),
    ...overdue(connection),
    ...files(connection),
    ...durability(connection),
  ];
  const order = ["error", "warning", "info"];
  return findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

function integrity(connection: Connection): readonly Finding[] {
  const answer = toText(connection.statement("quickCheck").get()?.[0]);
  if (answer === "ok") return [{ level: "info", check: "integrity", message: "the database is whole" }];
  const hint = "Stop the pool, copy the file, and recover it with: sqlite3 FILE .recover";
  return [{ level: "error", check: "integrity", message: answer, hint }];
}

/** Every job is named by one table of its state, and every claim by a holder. */
function books(connection: Connection): readonly Finding[] {
  const findings: Finding[] = [];
  const homeless = count(connection, "homeless");
  const stray = count(connection, "strayRunning");
  const hint = "Report this with a copy of the file: it is a fault of ganger's.";
  if (homeless > 0)
    findings.push({ level: "error", check: "books", message: `${homeless} jobs are in no state`, hint });
  if (stray > 0)
    findings.push({ level: "error", check: "books", message: `${stray} claims have no holder`, hint });
  return findings;
}

function overdue(connection: Connection): readonly Finding[] {
  const now = connection.now();
  const holders = connection.statement("overdueHolders").all(now - GRACE_MS).length;
  const [due = 0, oldest = now] = (connection.statement("oldestDue").get(now - GRACE_MS) ?? []).map(toNumber);
  const findings: Finding[] = [];
  const hint = "Start a pool or a worker on this store: one of them sees to it.";
  if (holders > 0) {
    findings.push({
      level: "warning",
      check: "holders",
      message: `${holders} dead workers still hold jobs`,
      hint,
    });
  }
  if (due > 0) {
    const seconds = Math.round((now - oldest) / 1000);
    const message = `${due} scheduled jobs are due and not made ready, the oldest since ${seconds} s`;
    findings.push({ level: "warning", check: "due", message, hint });
  }
  return findings;
}

function files({ location: { path } }: Connection): readonly Finding[] {
  const log = mib(`${path}-wal`);
  const size: Finding = {
    level: "info",
    check: "size",
    message: `${mib(path).toFixed(1)} MiB, and ${log.toFixed(1)} MiB of log`,
  };
  if (log < LARGE_LOG_MIB) return [size];
  const message = `the write-ahead log has ${Math.round(log)} MiB`;
  return [
    size,
    { level: "warning", check: "log", message, hint: "End the program that reads the file for so long." },
  ];
}

function durability(connection: Connection): readonly Finding[] {
  const { synchronous } = connection.location;
  const mode = toText(connection.statement("journalMode").get()?.[0]);
  const info: Finding = {
    level: "info",
    check: "durability",
    message: `journal ${mode}, synchronous ${synchronous}`,
  };
  if (synchronous === "full" && mode === "wal") return [info];
  const message = `a power cut may undo the newest commits: journal ${mode}, synchronous ${synchronous}`;
  return [{ level: "warning", check: "durability", message, hint: "Leave synchronous out of the URL." }];
}

function mib(file: string): number {
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) / 2 ** 20;
}

function count(connection: Connection, statement: string): number {
  return toNumber(connection.statement(statement).get()?.[0]);
}

const GRACE_MS = 60_000;
const LARGE_LOG_MIB = 256;
