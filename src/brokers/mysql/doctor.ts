import type { Finding } from "../../broker/maintenance.ts";
import { type Database, LONG_MS } from "./database.ts";
import { isRefused } from "./failure.ts";
import { type MysqlRow, toNumber, toText } from "./rows.ts";
import type { Statement } from "./statement.ts";

const GRACE_MS = 60_000;
const LONG_TRANSACTION_S = 60;
const LONG_HISTORY = 1_000_000;
const SMALL_PACKET = 4 * 2 ** 20;

type Settings = ReadonlyMap<string, string>;

/** Looks at a store as an operator would. Reads alone. */
export async function diagnose(database: Database): Promise<readonly Finding[]> {
  const rows = await database.rows([database.statement("variables")]);
  const settings: Settings = new Map(rows.map(([name, value]) => [toText(name), toText(value)]));
  const findings = [
    ...version(settings),
    ...durability(settings),
    ...packets(settings),
    ...replication(settings),
    ...(await books(database)),
    ...(await overdue(database)),
    ...(await sizes(database)),
    ...(await contention(database)),
    ...(await longTransactions(database)),
    ...(await historyLength(database)),
  ];
  const order = ["error", "warning", "info"];
  return findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

function version(settings: Settings): readonly Finding[] {
  const isolation = settings.get("transaction_isolation") ?? settings.get("tx_isolation") ?? "unknown";
  const mode = settings.get("innodb_autoinc_lock_mode") ?? "unknown";
  const message =
    `${settings.get("version") ?? "unknown"}, isolation of our connections ${isolation}, ` +
    `innodb_autoinc_lock_mode ${mode}`;
  return [{ level: "info", check: "server", message }];
}

function durability(settings: Settings): readonly Finding[] {
  const flush = settings.get("innodb_flush_log_at_trx_commit");
  const isLogged = settings.get("log_bin") === "ON";
  const sync = settings.get("sync_binlog");
  const check = "durability";
  if (flush !== "1") {
    const loss = flush === "0" ? "a crash of the server" : "a power cut";
    const message = `innodb_flush_log_at_trx_commit is ${flush}: ${loss} undoes the last second, jobs and outcomes`;
    return [{ level: "warning", check, message, hint: "Set it to 1." }];
  }
  if (isLogged && sync !== "1") {
    const message = `sync_binlog is ${sync}: a power cut may leave replicas without the newest jobs`;
    return [{ level: "warning", check, message, hint: "Set it to 1." }];
  }
  return [{ level: "info", check, message: "each commit is on the server's disk before a call resolves" }];
}

function packets(settings: Settings): readonly Finding[] {
  const bytes = Number(settings.get("max_allowed_packet"));
  const message = `payloads may have up to ${(bytes / 2 ** 21).toFixed(1)} MiB, by max_allowed_packet`;
  if (bytes >= SMALL_PACKET) return [{ level: "info", check: "packet", message }];
  return [{ level: "warning", check: "packet", message, hint: "Raise max_allowed_packet to 16M or more." }];
}

function replication(settings: Settings): readonly Finding[] {
  const findings: Finding[] = [];
  if (settings.get("log_bin") === "ON" && settings.get("binlog_format") === "STATEMENT") {
    const message = "binlog_format is STATEMENT, with which nothing can be written";
    findings.push({ level: "error", check: "binlog", message, hint: "Set it to ROW or MIXED." });
  }
  if (settings.get("wsrep_on") === "ON") {
    const message = "this is a Galera cluster, on which ganger is not tested";
    findings.push({
      level: "warning",
      check: "cluster",
      message,
      hint: "Have all processes write to one node.",
    });
  }
  if (settings.get("read_only") === "ON") {
    const message = "the server is read-only for all but administrators";
    findings.push({ level: "warning", check: "read-only", message, hint: "Name the primary in the URL." });
  }
  return findings;
}

/** Every job is named by one table of its state, and every claim by a holder. */
async function books(database: Database): Promise<readonly Finding[]> {
  const homeless = await count(database, "homeless");
  const stray = await count(database, "strayRunning");
  const hint = "Report this: it is a fault of ganger's, or somebody changed its tables.";
  const findings: Finding[] = [];
  if (homeless > 0)
    findings.push({ level: "error", check: "books", message: `${homeless} jobs are in no state`, hint });
  if (stray > 0)
    findings.push({ level: "error", check: "books", message: `${stray} claims have no holder`, hint });
  if (findings.length === 0)
    findings.push({ level: "info", check: "books", message: "every job is in one state" });
  return findings;
}

async function overdue(database: Database): Promise<readonly Finding[]> {
  const [holders, due] = await database.send([
    database.statement("overdueHolders", GRACE_MS),
    database.statement("oldestDue", GRACE_MS),
  ]);
  const dead = holders?.rows.length ?? 0;
  const [late = 0, oldest = 0, now = 0] = (due?.rows[0] ?? []).map(toNumber);
  const hint = "Start a pool or a worker on this store: one of them sees to it.";
  const findings: Finding[] = [];
  if (dead > 0) {
    findings.push({
      level: "warning",
      check: "holders",
      message: `${dead} dead workers still hold jobs`,
      hint,
    });
  }
  if (late > 0) {
    const seconds = Math.round((now - oldest) / 1000);
    const message = `${late} scheduled jobs are due and not made ready, the oldest since ${seconds} s`;
    findings.push({ level: "warning", check: "due", message, hint });
  }
  return findings;
}

async function sizes(database: Database): Promise<readonly Finding[]> {
  const pattern = `${database.connections.location.prefix}\\_%`;
  const [row] = await database.rows([database.statement("sizes", pattern)], LONG_MS);
  const [used = 0, free = 0] = (row ?? []).map((bytes) => toNumber(bytes) / 2 ** 20);
  const message = `${used.toFixed(1)} MiB in tables and indexes, ${free.toFixed(1)} MiB of them free`;
  return [{ level: "info", check: "size", message }];
}

async function contention(database: Database): Promise<readonly Finding[]> {
  const deadlocks = await count(database, "deadlocks");
  const message = `${deadlocks} deadlocks since the tables were made; each was done again, and no job saw it`;
  return [{ level: "info", check: "deadlocks", message }];
}

async function longTransactions(database: Database): Promise<readonly Finding[]> {
  const rows = await allowed(database, database.statement("longTransactions", 1));
  return (rows ?? []).map(([thread, age]) => {
    const seconds = toNumber(age);
    return {
      level: seconds < LONG_TRANSACTION_S ? "info" : "warning",
      check: "long-transaction",
      message: `connection ${toNumber(thread)} has had a transaction open for ${seconds} s: deleted rows stay until it ends`,
      hint: `End it, or KILL ${toNumber(thread)}.`,
    };
  });
}

/** How many changes the server has yet to purge: claims walk over what is deleted and still there. */
async function historyLength(database: Database): Promise<readonly Finding[]> {
  const [row] = (await allowed(database, database.statement("historyLength"))) ?? [];
  if (row === undefined) {
    const message = "long transactions and the purge cannot be looked at by this user";
    return [{ level: "info", check: "purge", message, hint: "Grant it PROCESS." }];
  }
  const length = toNumber(row[0]);
  const message = `${length} changes wait for the server's purge`;
  if (length < LONG_HISTORY) return [{ level: "info", check: "purge", message }];
  const hint = "Look for a long transaction, and raise innodb_purge_threads.";
  return [{ level: "warning", check: "purge", message, hint }];
}

/** Rows that not every user may see: `undefined` for who may not. */
async function allowed(database: Database, statement: Statement): Promise<readonly MysqlRow[] | undefined> {
  try {
    return await database.rows([statement]);
  } catch (error) {
    if (isRefused(error)) return undefined;
    throw error;
  }
}

async function count(database: Database, statement: string): Promise<number> {
  const [row] = await database.rows([database.statement(statement)], LONG_MS);
  return toNumber(row?.[0] ?? 0);
}
