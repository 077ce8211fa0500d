import type { Finding } from "../../broker/maintenance.ts";
import type { ServerFacts } from "./facts.ts";

/** What a server says of itself: the answer to INFO, and to CONFIG GET where that is allowed. */
export interface ServerSettings {
  readonly facts: ServerFacts;
  readonly info: ReadonlyMap<string, string>;
  readonly settings: ReadonlyMap<string, string>;
}

/** Judges how a server keeps jobs: whether it may throw them away, and what of them a crash costs. */
export function judgeServer(server: ServerSettings): readonly Finding[] {
  return [
    ...eviction(server),
    ...memory(server),
    ...persistence(server),
    ...replicas(server),
    version(server),
  ];
}

/** The policies `volatile-…` delete keys that expire, and none of ours does. */
function eviction({ info }: ServerSettings): readonly Finding[] {
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (!policy.startsWith("allkeys-")) return [];
  const isBounded = Number(info.get("maxmemory") ?? 0) > 0;
  return [
    {
      level: isBounded ? "error" : "warning",
      check: "eviction",
      message: `maxmemory-policy is ${policy}: ${isBounded ? "the server deletes jobs when its memory is used up" : "jobs would be deleted once maxmemory is set"}`,
      hint: "Set maxmemory-policy noeviction, and let a cache have a server of its own.",
    },
  ];
}

function memory({ info }: ServerSettings): readonly Finding[] {
  const used = Number(info.get("used_memory") ?? 0);
  const most = Number(info.get("maxmemory") ?? 0);
  const mib = (used / 2 ** 20).toFixed(1);
  if (most === 0)
    return [{ level: "info", check: "size", message: `the server uses ${mib} MiB, without a bound` }];
  const share = Math.round((used / most) * 100);
  const message = `the server uses ${mib} MiB, ${share} % of maxmemory`;
  if (share < NEARLY_FULL) return [{ level: "info", check: "size", message }];
  return [
    {
      level: "warning",
      check: "size",
      message,
      hint: "Raise maxmemory: a full server takes no job, though it lets those it has be finished.",
    },
  ];
}

function persistence({ info, settings }: ServerSettings): readonly Finding[] {
  const findings: Finding[] = [];
  const broken = ["aof_last_write_status", "rdb_last_bgsave_status"].find((name) => info.get(name) === "err");
  if (broken !== undefined)
    findings.push({
      level: "error",
      check: "persistence",
      message: `the server could not write to its disk (${broken})`,
      hint: "Free space on its disk, and see its log.",
    });
  const hint = "Set appendonly yes; with appendfsync always an accepted job survives a power cut as well.";
  if (info.get("aof_enabled") === "1") {
    const sync = settings.get("appendfsync") ?? "unknown";
    const message = `append-only file, appendfsync ${sync}${sync === "everysec" ? ": a crash of the host loses up to 2 s" : ""}`;
    findings.push({ level: "info", check: "persistence", message });
  } else if (settings.get("save") === "") {
    const message = "nothing is written to disk: when the server ends, all jobs are lost";
    findings.push({ level: "warning", check: "persistence", message, hint });
  } else {
    const changes = info.get("rdb_changes_since_last_save") ?? "?";
    const message = `snapshots alone: when the server crashes, all since the last one is lost, ${changes} changes now`;
    findings.push({ level: "warning", check: "persistence", message, hint });
  }
  return findings;
}

/** A failover loses what the replica had not got yet. */
function replicas({ info }: ServerSettings): readonly Finding[] {
  const lags = [...info].flatMap(([name, value]) =>
    /^slave\d+$/.test(name) ? [Number(/lag=(\d+)/.exec(value)?.[1] ?? 0)] : [],
  );
  if (lags.length === 0) return [];
  const worst = Math.max(...lags);
  const message = `${lags.length} replicas, the slowest ${worst} s behind`;
  if (worst < LAGGING_S) return [{ level: "info", check: "replicas", message }];
  const hint = "See the network and the load: a failover loses what it has not got.";
  return [{ level: "warning", check: "replicas", message, hint }];
}

function version({ facts }: ServerSettings): Finding {
  const place = facts.isCluster ? ", in a cluster" : "";
  return { level: "info", check: "version", message: `${facts.product} ${facts.version}${place}` };
}

const NEARLY_FULL = 80;
const LAGGING_S = 10;
