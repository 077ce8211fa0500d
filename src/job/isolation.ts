import { GangerError } from "../errors.ts";
import { type Size, toBytes } from "./size.ts";

export const ISOLATIONS = ["inline", "thread", "process"] as const;

/** Where a job runs: in its worker, in a thread of that, or in a process of its own. */
export type IsolationType = (typeof ISOLATIONS)[number];

/** A type alone, or with its bounds. */
export type Isolation = IsolationType | IsolationOptions;

export interface IsolationOptions {
  readonly type: IsolationType;
  /**
   * What a thread's heap, or a process and what it started, may hold; beyond it the run is killed, which counts as a
   * crash. Pages that a forked process shares with others count by its share. @default none
   */
  readonly memory?: Size | undefined;
  /** Runs after which the thread or process is replaced. @default 1 for a process, no bound for a thread */
  readonly maxJobs?: number | undefined;
}

/** How jobs are kept apart, with defaults filled in; plain data. */
export interface ResolvedIsolation {
  readonly type: IsolationType;
  readonly memory?: number | undefined;
  /** `undefined` is no bound. */
  readonly maxJobs?: number | undefined;
}

export const INLINE: ResolvedIsolation = { type: "inline" };

/** `what` is whose isolation it is, for messages. @throws `GANGER_OPTION_INVALID`. */
export function resolveIsolation(isolation: Isolation, what: string): ResolvedIsolation {
  const options = typeof isolation === "string" ? { type: isolation } : { ...isolation };
  const { type, memory, maxJobs, ...others } = options;
  if (!ISOLATIONS.includes(type)) reject(`${what} has the isolation ${JSON.stringify(type)}`, HINT);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) reject(`${what} has an isolation with "${unknown}"`, HINT);
  if (type === "inline") {
    if (memory !== undefined || maxJobs !== undefined)
      reject(`${what} is inline, where memory and maxJobs are those of its worker`, "Take them away.");
    return INLINE;
  }
  const bytes = memory === undefined ? undefined : toBytes(memory);
  if (bytes !== undefined && !(bytes >= MIN_MEMORY))
    reject(
      `${what} has an isolation with the memory ${JSON.stringify(memory)}`,
      'Give "16MB" at least, as bytes or such a text.',
    );
  if (maxJobs !== undefined && !(Number.isInteger(maxJobs) && maxJobs >= 1))
    reject(
      `${what} has an isolation with maxJobs ${JSON.stringify(maxJobs)}`,
      "Give a whole number, 1 at least.",
    );
  const most = maxJobs ?? (type === "process" ? 1 : undefined);
  return {
    type,
    ...(bytes !== undefined && { memory: bytes }),
    ...(most !== undefined && { maxJobs: most }),
  };
}

export const MIN_MEMORY = 16 * 1024 ** 2;

const HINT = `Use ${ISOLATIONS.join(", ")}, or a mapping with type, memory and maxJobs.`;

function reject(message: string, hint: string): never {
  throw new GangerError("GANGER_OPTION_INVALID", message, { hint });
}
