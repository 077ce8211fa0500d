import { DEFAULT_PRUNE_BOUNDS, type Finding } from "../../broker/maintenance.ts";
import type { Connection } from "./connection.ts";
import { toFields } from "./facts.ts";
import type { RedisInspect } from "./inspect.ts";
import { toList, toNumber, toText, toTexts } from "./rows.ts";
import { judgeServer, type ServerSettings } from "./server-findings.ts";

/** Looks at a store as an operator would. Reads alone. */
export async function diagnose(connection: Connection, inspect: RedisInspect): Promise<readonly Finding[]> {
  const queues = [...(await inspect.numbers()).values()];
  const server = await readSettings(connection);
  const findings = [
    ...(await audit(connection, queues)),
    ...judgeServer(server),
    await forecast(connection, queues, server),
  ];
  const order = ["error", "warning", "info"];
  return findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

/** Every job is in one place, every claim in the book of its holder, and nobody is late. */
async function audit(connection: Connection, queues: readonly string[]): Promise<readonly Finding[]> {
  const answer = toList(await connection.run("audit", [GRACE_MS, ...queues])).map(toNumber);
  const [homeless = 0, misnoted = 0, running = 0, held = 0, dead = 0, due = 0, ageMs = 0, stray = 0] = answer;
  const findings: Finding[] = [];
  const fault = (message: string) =>
    findings.push({
      level: "error",
      check: "books",
      message,
      hint: "See whether something else deletes keys of this prefix, or an eviction did; else report it: it is a fault of ganger's.",
    });
  const late = (check: string, message: string) =>
    findings.push({
      level: "warning",
      check,
      message,
      hint: "Start a pool or a worker on this store: one of them sees to it.",
    });
  if (homeless > 0) fault(`${homeless} queues have jobs that are in no state, or in two`);
  if (misnoted > 0) fault(`${misnoted} queues are not noted as having a job waiting, or have none`);
  if (running !== held) fault(`${running} claims run, and ${held} are in the books of holders`);
  if (stray > 0) fault(`${stray} notes are of jobs that are gone`);
  if (dead > 0) late("holders", `${dead} dead workers still hold jobs`);
  if (due > 0)
    late(
      "due",
      `${due} scheduled jobs are due and not made ready, the oldest since ${Math.round(ageMs / 1000)} s`,
    );
  if (findings.every(({ level }) => level !== "error"))
    findings.push({
      level: "info",
      check: "books",
      message: `${queues.length} queues agree with their jobs`,
    });
  return findings;
}

/** What the server says of itself, and of its settings as far as it lets this user ask. */
async function readSettings(connection: Connection): Promise<ServerSettings> {
  const info = toFields(toText(await connection.ask("INFO")));
  const settings = new Map<string, string>();
  try {
    for (const name of ["save", "appendfsync"]) {
      const [, value] = toTexts(await connection.ask("CONFIG", "GET", name));
      if (value !== undefined) settings.set(name, value);
    }
  } catch {
    // Hosted servers and careful operators forbid CONFIG; INFO says the rest.
  }
  return { facts: connection.facts, info, settings };
}

/** What jobs on record take now, and will when every queue keeps as many completed ones as it may. */
async function forecast(
  connection: Connection,
  queues: readonly string[],
  { info }: ServerSettings,
): Promise<Finding> {
  const kept = toNumber((await connection.call("GET", "bound")) ?? DEFAULT_PRUNE_BOUNDS.completed);
  let jobs = 0;
  let bytes = 0;
  for (const queue of queues.slice(-MEASURED_QUEUES)) {
    const amount = toNumber(await connection.call("HLEN", `${queue}:jobs`));
    if (amount === 0) continue;
    jobs += amount;
    bytes += toNumber(
      await connection.ask("MEMORY", "USAGE", connection.key(`${queue}:jobs`), "SAMPLES", "20"),
    );
  }
  if (jobs === 0) return { level: "info", check: "memory", message: "no job is on record" };
  const most = (queues.length * kept * bytes) / jobs;
  const message =
    `${jobs} jobs on record take ${toMib(bytes)} MiB; ${toMib(most)} MiB when each of ${queues.length} queues keeps ` +
    `${kept} completed ones`;
  const bound = Number(info.get("maxmemory") ?? 0);
  if (bound === 0 || Number(info.get("used_memory")) - bytes + most < bound)
    return { level: "info", check: "memory", message };
  const hint = `Keep fewer, by retention in the configuration, or raise maxmemory, which is ${toMib(bound)} MiB.`;
  return { level: "warning", check: "memory", message: `${message}, and that is more than fits`, hint };
}

function toMib(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

const GRACE_MS = 60_000;
const MEASURED_QUEUES = 100;
