import { GangerError } from "../errors.ts";
import { createHolder } from "../ipc/holder.ts";
import { type Duration, toMs } from "../job/duration.ts";
import type { JobHooks } from "../job/hooks.ts";
import { type Isolation, type ResolvedIsolation, resolveIsolation } from "../job/isolation.ts";
import { QueueList, type QueueOrder } from "../job/queue-list.ts";
import type { HostStart } from "./isolation/messages.ts";
import type { Launch } from "./isolation/transport.ts";

export interface WorkerOptions {
  /** Queues in order of priority, such as `"thumbs,mail,*"`. @default "*" */
  readonly queues?: string | readonly string[] | undefined;
  /** Jobs that run at once. @default 10 */
  readonly concurrency?: number | undefined;
  /**
   * Jobs to hold at most beside those that run. By its own measurement it holds
   * about 50 ms of work; with 0 it claims no more than it can start at once. @default 1000
   */
  readonly ahead?: number | undefined;
  /** How the queue list is gone through. @default "strict" */
  readonly order?: QueueOrder | undefined;
  /** How long a claim survives the last sign of life of this process. @default "15s" */
  readonly ttl?: Duration | undefined;
  /** Who keeps the heartbeat: a thread of this process, or somebody else, as in a pool. @default "thread" */
  readonly heartbeat?: "thread" | "elsewhere" | undefined;
  /** The name under which it claims. @default a new one of host, pid and nonce */
  readonly holder?: string | undefined;
  /** Where to leave a note of what runs, for those who survive this process. `false` leaves none. @default a folder of this user's */
  readonly ledger?: string | false | undefined;
  /** Functions that are called around each job. */
  readonly hooks?: JobHooks | undefined;
  /** Where jobs run whose definition does not say. Anything but `"inline"` needs `modules`. @default "inline" */
  readonly isolation?: Isolation | undefined;
  /** Modules that export the job definitions, or folders of them: what threads and processes for jobs load. */
  readonly modules?: string | readonly string[] | undefined;
  /** A module with the hooks of jobs that do not run here. @internal */
  readonly hooksModule?: string | undefined;
  /** How long a thread or process may take until it is ready. @default 60000 @internal */
  readonly bootMs?: number | undefined;
  /** A quicker way to a process than a new one. @internal */
  readonly fork?: Launch | undefined;
}

export interface ResolvedWorkerOptions {
  readonly list: QueueList;
  readonly concurrency: number;
  readonly ahead: number;
  readonly order: QueueOrder;
  readonly ttlMs: number;
  readonly heartbeat: "thread" | "elsewhere";
  readonly holder: string;
  readonly ledger: string | false | undefined;
  readonly hooks: JobHooks | undefined;
  readonly isolation: ResolvedIsolation;
  /** What a thread or process for jobs loads. */
  readonly hostStart: HostStart | undefined;
  readonly fork: Launch | undefined;
}

const MAX_CONCURRENCY = 1000;
const MAX_AHEAD = 1000;
const ORDERS: readonly QueueOrder[] = ["strict", "weighted", "fair"];
const KNOWN_KEYS = new Set([
  "queues",
  "concurrency",
  "ahead",
  "order",
  "ttl",
  "heartbeat",
  "holder",
  "ledger",
  "hooks",
  "isolation",
  "modules",
  "hooksModule",
  "bootMs",
  "fork",
]);

/** @throws `GANGER_OPTION_INVALID`, `GANGER_QUEUE_INVALID` or `GANGER_DURATION_INVALID`. */
export function resolveWorkerOptions(options: WorkerOptions): ResolvedWorkerOptions {
  const unknown = Object.keys(options).find((key) => !KNOWN_KEYS.has(key));
  if (unknown !== undefined)
    reject(`"${unknown}" is no option of a worker`, `Use ${[...KNOWN_KEYS].join(", ")}.`);
  const { queues = "*", concurrency = 10, order = "strict", ttl = "15s", heartbeat = "thread" } = options;
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY) {
    reject(`concurrency is ${concurrency}`, `Give a whole number from 1 to ${MAX_CONCURRENCY}.`);
  }
  const { ahead = MAX_AHEAD } = options;
  if (!Number.isInteger(ahead) || ahead < 0 || ahead > MAX_AHEAD) {
    reject(`ahead is ${ahead}`, `Give a whole number from 0 to ${MAX_AHEAD}.`);
  }
  if (!ORDERS.includes(order)) reject(`order is ${JSON.stringify(order)}`, `Use ${ORDERS.join(", ")}.`);
  const ttlMs = toMs(ttl, "ttl");
  if (ttlMs < MIN_TTL_MS) reject(`ttl is ${ttlMs} ms`, `Give at least ${MIN_TTL_MS} ms.`);
  const { holder = createHolder(), ledger, hooks, fork } = options;
  const isolation = resolveIsolation(options.isolation ?? "inline", "The worker");
  const same = { concurrency, ahead, order, ttlMs, heartbeat, holder, ledger, hooks, isolation, fork };
  return { ...same, list: QueueList.parse(queues), hostStart: toHostStart(options) };
}

function toHostStart({ modules, hooksModule, bootMs }: WorkerOptions): HostStart | undefined {
  if (modules === undefined) return undefined;
  return { modules: typeof modules === "string" ? [modules] : modules, hooks: hooksModule, bootMs };
}

const MIN_TTL_MS = 300;

function reject(message: string, hint: string): never {
  throw new GangerError("GANGER_OPTION_INVALID", message, { hint });
}
