import type { Finding } from "../../broker/maintenance.ts";
import { isGangerError } from "../../errors.ts";
import type { Desk } from "./desk.ts";
import { type LaneName, RETURNED } from "./lane.ts";
import type { RabbitmqLocation } from "./location.ts";
import { versionOf } from "./rows.ts";
import type { Topology } from "./topology.ts";

/** Looks at a server as an operator would. Reads alone. */
export async function diagnose(
  desk: Desk,
  topology: Topology,
  location: RabbitmqLocation,
  lanes: readonly LaneName[],
): Promise<readonly Finding[]> {
  const alarms = await alarm(desk);
  const failed = alarms.length > 0 ? 0 : ((await desk.probe.count(topology.failed[0])) ?? 0);
  const findings = [
    ...alarms,
    ...timeout(versionOf(desk.wire.model).version, location),
    ...kind(location),
    ...priorities(lanes),
    ...files(lanes, location),
    ...books(failed, topology.failed[0]),
  ];
  const order = ["error", "warning", "info"];
  return findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

/** The server tells of an alarm when something is published, and answers nothing on that connection until it is over. */
async function alarm(desk: Desk): Promise<readonly Finding[]> {
  try {
    await desk.tryOut();
    return [];
  } catch (error) {
    if (!isGangerError(error, "GANGER_BROKER_FULL")) throw error;
    return [{ level: "error", check: "alarm", message: error.message, hint: error.hint }];
  }
}

/**
 * A server before 3.12 takes a message back that is not acknowledged in time, 30 minutes unless it is told
 * otherwise. It tells no client what it was told.
 */
export function timeout(
  version: string,
  { consumerTimeoutMs }: Pick<RabbitmqLocation, "consumerTimeoutMs">,
): readonly Finding[] {
  const check = "consumer-timeout";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 3 || minor >= 12) {
    return [
      { level: "info", check, message: `RabbitMQ ${version}: ganger's queues let a job run for 7 days` },
    ];
  }
  if (consumerTimeoutMs === 0) {
    return [
      { level: "info", check, message: `RabbitMQ ${version}: the URL says that jobs may run without end` },
    ];
  }
  const isTold = consumerTimeoutMs !== undefined;
  const minutes = Math.round((consumerTimeoutMs ?? DEFAULT_TIMEOUT_MS) / 60_000);
  const source = isTold ? "as the URL says" : "unless its consumer_timeout says otherwise";
  const message = `RabbitMQ ${version} gives a job to another worker after ${minutes} minutes, ${source}, though it still runs`;
  const hint =
    "For longer jobs set consumer_timeout in rabbitmq.conf, in milliseconds, and the same as ?consumerTimeout= in the URL; or use RabbitMQ 3.12 or later.";
  return [{ level: isTold && minutes >= LONG_MINUTES ? "info" : "warning", check, message, hint }];
}

const DEFAULT_TIMEOUT_MS = 1_800_000;
const LONG_MINUTES = 24 * 60;

function kind({ type }: RabbitmqLocation): readonly Finding[] {
  if (type === "quorum") return [];
  const message = "classic queues live on one node: they are gone with its disk, and away while it is down";
  return [
    {
      level: "warning",
      check: "type",
      message,
      hint: "Leave ?type=classic out for jobs that must survive a node.",
    },
  ];
}

function priorities(lanes: readonly LaneName[]): readonly Finding[] {
  const amounts = new Map<string, number>();
  for (const { queue, rank } of lanes)
    if (rank !== RETURNED) amounts.set(queue, (amounts.get(queue) ?? 0) + 1);
  const hint = "Use few priorities: each is a queue of its own on the server, and stays there.";
  return [...amounts]
    .filter(([, amount]) => amount > MANY_PRIORITIES)
    .map(([queue, amount]) => ({
      level: "warning" as const,
      check: "priorities",
      message: `the queue ${queue} has jobs of ${amount} priorities`,
      hint,
    }));
}

const MANY_PRIORITIES = 20;

/** A node at its limit of open files takes connections and answers nothing; Debian's is 1024 unless it is told otherwise. */
function files(lanes: readonly LaneName[], { type }: RabbitmqLocation): readonly Finding[] {
  // Each queue gets one more once jobs of it are suspected of the death of their process.
  const queues = new Set(lanes.map(({ queue }) => queue)).size;
  const most = lanes.filter(({ rank }) => rank !== RETURNED).length + queues;
  if (type !== "quorum" || most <= MANY_LANES) return [];
  const message = `${lanes.length} quorum queues, and up to ${most} once jobs come back from dead processes, take two open files each, of the ${USUAL_FILES} that a node may have unless it is told otherwise`;
  const hint = "Set LimitNOFILE=65536 for the server, and see rabbitmqctl status for what it has.";
  return [{ level: "warning", check: "files", message, hint }];
}

const MANY_LANES = 300;
const USUAL_FILES = 1024;

function books(failed: number, queue: string): readonly Finding[] {
  if (failed === 0) return [];
  return [
    { level: "info", check: "failed", message: `${failed} failed jobs are kept in the queue ${queue}` },
  ];
}
