import type { Finding } from "../../broker/maintenance.ts";
import { deferred } from "../../util/deferred.ts";
import type { Lanes } from "./lanes.ts";
import { Listener } from "./listener.ts";
import type { PostgresLocation } from "./location.ts";
import { type PgRow, single, toNumber, toText } from "./rows.ts";
import type { PostgresWakeups } from "./wakeups.ts";

/** What is looked at. */
export interface Diagnosis {
  readonly lanes: Lanes;
  readonly location: PostgresLocation;
  readonly isPooled: boolean;
  readonly wakeups: PostgresWakeups;
}

/** Looks at a store as an operator would. */
export async function diagnose(diagnosis: Diagnosis): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const look of [server, deadlocks, books, overdue, tables, snapshots, horizons, slots, wakePath]) {
    findings.push(...(await look(diagnosis)));
  }
  const order = ["error", "warning", "info"];
  return findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

async function server({ lanes }: Diagnosis): Promise<readonly Finding[]> {
  const [row = []] = (await lanes.run("server")).rows;
  const [version, autovacuum, fsync, synchronous, pages] = row.map(toText);
  const [max = 0, used = 0] = row.slice(5).map(toNumber);
  const findings: Finding[] = [
    { level: "info", check: "version", message: `PostgreSQL ${version}, ${used} of ${max} connections` },
  ];
  const warn = (check: string, message: string, hint: string) =>
    findings.push({ level: "warning", check, message, hint });
  if (autovacuum !== "on")
    warn("autovacuum", "autovacuum is off: tables grow without end", "Set autovacuum = on in the server.");
  if (fsync !== "on" || pages !== "on")
    warn(
      "durability",
      "a crash may damage the database: fsync or full_page_writes is off",
      "Set both to on.",
    );
  if (synchronous === "off")
    warn(
      "durability",
      "a crash may undo the newest commits: synchronous_commit is off",
      "Set it to on, or for this role: ALTER ROLE … SET synchronous_commit = on.",
    );
  if (used > max * 0.9)
    warn(
      "connections",
      `${used} of ${max} connections are in use`,
      "Raise max_connections, or put PgBouncer in between.",
    );
  return findings;
}

/** Those of other processes, as of workers, are known to the server alone, which does not say whose they were. */
async function deadlocks({ lanes }: Diagnosis): Promise<readonly Finding[]> {
  const [[amount, reset] = []] = (await lanes.run("deadlocks")).rows;
  const count = toNumber(amount);
  if (count === 0) return [];
  const since = reset === null ? "" : ` since ${toText(reset)}`;
  const message = `${count} deadlocks in this database${since}; what ganger sent is sent again after one`;
  return [{ level: "info", check: "deadlocks", message }];
}

/** Every claim has a holder, every job a queue and a state, and no job is among the finished as well. */
async function books({ lanes }: Diagnosis): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const hint = "Report this with a dump of the schema: it is a fault of ganger's.";
  for (const [statement, what] of [
    ["strayClaims", "claims have no holder"],
    ["strayJobs", "jobs have no queue, or no state that fits their time"],
    ["twins", "jobs are both finished and not"],
  ] as const) {
    const count = toNumber(single(await lanes.runAtLeisure(statement)));
    if (count > 0) findings.push({ level: "error", check: "books", message: `${count} ${what}`, hint });
  }
  return findings;
}

async function overdue({ lanes }: Diagnosis): Promise<readonly Finding[]> {
  const holders = (await lanes.run("overdueHolders", [GRACE_MS])).rows.length;
  const [due, late] = (await lanes.run("oldestDue", [GRACE_MS])).rows[0] ?? [];
  const findings: Finding[] = [];
  const hint = "Start a pool or a worker on this store: one of them sees to it.";
  if (holders > 0) {
    const message = `${holders} dead workers still hold jobs`;
    findings.push({ level: "warning", check: "holders", message, hint });
  }
  if (toNumber(due) > 0) {
    const seconds = Math.round(toNumber(late) / 1000);
    const message = `${toNumber(due)} scheduled jobs are due and not made ready, the oldest since ${seconds} s`;
    findings.push({ level: "warning", check: "due", message, hint });
  }
  return findings;
}

async function tables({ lanes, location }: Diagnosis): Promise<readonly Finding[]> {
  const { rows } = await lanes.runAtLeisure("tables", [location.schema]);
  const bytes = rows.reduce((sum, row) => sum + toNumber(row[3]), 0);
  const size: Finding = {
    level: "info",
    check: "size",
    message: `${mib(bytes)} MiB in ${rows.length} tables`,
  };
  return [size, ...rows.flatMap((row) => bloat(row, location.schema))];
}

function bloat([table, live, dead, , bytes, isOff, perRow]: PgRow, schema: string): readonly Finding[] {
  const name = `${schema}.${toText(table)}`;
  const rows = toNumber(live);
  const findings: Finding[] = [];
  if (isOff === true) {
    const hint = `ALTER TABLE ${name} RESET (autovacuum_enabled)`;
    findings.push({ level: "warning", check: "autovacuum", message: `autovacuum is off for ${name}`, hint });
  }
  if (toNumber(dead) > MANY_DEAD && toNumber(dead) > rows) {
    const message = `${name} has ${toNumber(dead)} dead rows beside ${rows} live ones`;
    const hint =
      "Look for what keeps autovacuum from removing them: an old transaction, or too few of its workers.";
    findings.push({ level: "warning", check: "dead-rows", message, hint });
  }
  const needed = (rows + toNumber(dead)) * (toNumber(perRow) || UNKNOWN_ROW);
  if (toNumber(bytes) > BLOATED_BYTES && toNumber(bytes) > BLOATED_TIMES * needed) {
    const message = `${name} takes ${mib(toNumber(bytes))} MiB of disk, where its ${rows} rows need ${mib(needed)}`;
    const hint = `It is used again by new jobs. To have it back: VACUUM FULL ${name} in a quiet hour, or pg_repack.`;
    findings.push({ level: "warning", check: "bloat", message, hint });
  }
  return findings;
}

async function snapshots({ lanes }: Diagnosis): Promise<readonly Finding[]> {
  const [[who, age] = []] = (await lanes.runAtLeisure("snapshots")).rows;
  const seconds = toNumber(age ?? 0);
  const unseen = await hidden(lanes);
  if (seconds < 1) return unseen;
  const message = `${toText(who)} has a transaction open since ${seconds} s: no dead row that is younger can be removed`;
  const hint = "End it, and set idle_in_transaction_session_timeout for whoever forgets to.";
  return [...unseen, { level: seconds < OLD_S ? "info" : "warning", check: "snapshot", message, hint }];
}

/** To most roles the sessions of others look as if they had no transaction. */
async function hidden(lanes: Lanes): Promise<readonly Finding[]> {
  const [[sees, hasOthers] = []] = (await lanes.run("sight")).rows;
  if (sees === true || hasOthers !== true) return [];
  const message = "this role may not see how old the transactions of other roles are";
  return [{ level: "info", check: "snapshot", message, hint: "GRANT pg_read_all_stats TO the role." }];
}

/** A standby with hot_standby_feedback, or a slot, keeps dead rows as a transaction would. */
async function horizons({ lanes }: Diagnosis): Promise<readonly Finding[]> {
  const [[who, behind] = []] = (await lanes.runAtLeisure("horizons")).rows;
  if (toNumber(behind ?? 0) < MANY_TRANSACTIONS) return [];
  const message = `${toText(who)} needs what was deleted in the last ${toNumber(behind)} transactions: it stays`;
  const hint = "End the long query of the standby, or drop the slot that nobody reads.";
  return [{ level: "warning", check: "snapshot", message, hint }];
}

async function slots({ lanes }: Diagnosis): Promise<readonly Finding[]> {
  const { rows } = await lanes.runAtLeisure("slots");
  return rows.flatMap(([name, isActive, lag]): readonly Finding[] => {
    const bytes = lag === null ? 0 : toNumber(lag);
    if (bytes < LAGGING_BYTES) return [];
    const state = isActive === true ? "is behind" : "is not read";
    const message = `the replication slot ${toText(name)} ${state}, and keeps ${mib(bytes)} MiB of log`;
    return [
      { level: "warning", check: "replication", message, hint: "Start its reader again, or drop the slot." },
    ];
  });
}

/** Nobody can listen through a pool of transactions. */
export function polling({ isPooled }: Pick<Diagnosis, "isPooled">): readonly Finding[] {
  if (!isPooled) return [];
  const message = "a pool of transactions is in between: idle workers poll, up to 250 ms apart";
  return [{ level: "info", check: "wake", message, hint: "Connect past PgBouncer to be woken at once." }];
}

/** Whether what is announced is heard, and how soon. */
async function wakePath({ lanes, location, isPooled, wakeups }: Diagnosis): Promise<readonly Finding[]> {
  if (isPooled) return polling({ isPooled });
  const start = performance.now();
  const hint = "Idle workers poll once a second meanwhile. Look at what is between them and the server.";
  const channel = `${wakeups.channel}_doctor`;
  const { promise: heard, resolve: hear } = deferred<boolean>();
  const listener = await Listener.open(location, [channel], {
    heard: () => hear(true),
    lost: () => hear(false),
  });
  const timer = setTimeout(() => hear(false), HEARING_MS);
  try {
    const asked = performance.now();
    await lanes.run("notify", [channel, ""]);
    if (!(await heard)) {
      return [{ level: "warning", check: "wake", message: "what is announced by NOTIFY is not heard", hint }];
    }
    const ms = (performance.now() - Math.max(start, asked)).toFixed(1);
    return [{ level: "info", check: "wake", message: `an announcement is heard after ${ms} ms` }];
  } finally {
    clearTimeout(timer);
    await listener.close();
  }
}

function mib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

const GRACE_MS = 60_000;
const HEARING_MS = 5000;
const MANY_DEAD = 100_000;
const BLOATED_BYTES = 64 * 2 ** 20;
const BLOATED_TIMES = 4;
/** Bytes of a row, before the server has looked at any: more stands outside of the table. */
const UNKNOWN_ROW = 2048;
const OLD_S = 60;
const MANY_TRANSACTIONS = 100_000;
const LAGGING_BYTES = 1024 * 2 ** 20;
