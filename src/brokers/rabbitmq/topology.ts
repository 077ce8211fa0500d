import { createHash } from "node:crypto";
import type { Options } from "amqplib";
import { DEFAULT_PRUNE_BOUNDS } from "../../broker/maintenance.ts";
import type { LaneName } from "./lane.ts";
import type { RabbitmqLocation } from "./location.ts";

type Declaration = readonly [name: string, options: Options.AssertQueue];

/** The names and settings of everything that is kept on the server. */
export class Topology {
  readonly names: Declaration;
  readonly failed: Declaration;
  /** Tells everybody that there is something new; fanout. */
  readonly news: string;
  /** Has a copy of each job that became due; fanout. */
  readonly came: string;
  /** Where delayed jobs go in; topic. */
  readonly delay: string;
  /** Where they come out; topic. */
  readonly due: string;
  readonly #prefix: string;
  readonly #kind: Readonly<Record<string, string | number>>;
  readonly #isQuorum: boolean;

  constructor({ prefix, type }: Pick<RabbitmqLocation, "prefix" | "type">) {
    this.#prefix = prefix;
    this.#isQuorum = type === "quorum";
    this.#kind = this.#isQuorum
      ? { "x-queue-type": "quorum", "x-delivery-limit": NO_LIMIT }
      : { "x-queue-type": "classic" };
    this.news = `${prefix}.news`;
    this.came = `${prefix}.came`;
    this.delay = `${prefix}.delay`;
    this.due = `${prefix}.due`;
    this.names = [`${prefix}.names`, { durable: true, arguments: { "x-queue-type": "stream" } }];
    this.failed = [
      `${prefix}.failed`,
      { durable: true, arguments: { ...this.#kind, "x-max-length": DEFAULT_PRUNE_BOUNDS.failed } },
    ];
  }

  /** Where the jobs of one rank of one queue are. */
  laneName({ queue, rank }: LaneName): string {
    return `${this.#prefix}.q.${queue}${rank === 0 ? "" : `~${rank}`}`;
  }

  lane(lane: LaneName): Declaration {
    // Known to servers from 3.12 on; those before keep it and do nothing.
    return [
      this.laneName(lane),
      { durable: true, arguments: { ...this.#kind, "x-consumer-timeout": MAX_CONSUMER_TIMEOUT_MS } },
    ];
  }

  /** Keeps messages for 2^level ms, and passes them to the exchange of the same name, which knows the next. */
  level(level: number): Declaration {
    const name = `${this.delay}.${level}`;
    const safely = { "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish" };
    const onward = { "x-message-ttl": 2 ** level, "x-dead-letter-exchange": name };
    return [
      name,
      { durable: true, arguments: { ...this.#kind, ...onward, ...(this.#isQuorum ? safely : {}) } },
    ];
  }

  /** Has a message for as long as a holder lives, by the server's clock. It goes a day after the last heartbeat. */
  holder(holder: string): Declaration {
    const plain = `${this.#prefix}.h.${holder}`;
    const name =
      plain.length <= MAX_NAME
        ? plain
        : `${this.#prefix}.h.${createHash("sha256").update(holder).digest("hex")}`;
    return [
      name,
      { durable: true, arguments: { "x-queue-type": "classic", "x-expires": 86_400_000 + 60_000 } },
    ];
  }
}

/** Servers from 4.0 on drop a message that came back 20 times; how often is ours to say, by `maxCrashes`. */
const NO_LIMIT = 1_000_000_000;
const MAX_CONSUMER_TIMEOUT_MS = 7 * 86_400_000;
const MAX_NAME = 200;
