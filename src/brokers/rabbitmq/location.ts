import { toWhole } from "../../broker/url-parameters.ts";
import { GangerError } from "../../errors.ts";

export type QueueType = "quorum" | "classic";

/** What an `amqp:` URL says. */
export interface RabbitmqLocation {
  readonly protocol: "amqp" | "amqps";
  readonly hostname: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** Percent-encoded, as amqplib wants it. */
  readonly vhost: string;
  /** Starts the names of all queues and exchanges. */
  readonly prefix: string;
  readonly type: QueueType;
  /** How often a connection that holds claims says that it lives, and expects the server to. */
  readonly heartbeatSeconds: number;
  /** What the operator says that the server's `consumer_timeout` is; 0 for none. */
  readonly consumerTimeoutMs: number | undefined;
  /** The URL of the broker that has the documents. */
  readonly store: string | undefined;
  /** Host, port and vhost, for people: without a password. */
  readonly title: string;
}

const PARAMETERS = ["prefix", "type", "heartbeat", "consumerTimeout", "store"];

/**
 * Reads `amqp[s]://USER:PASSWORD@HOST:PORT/VHOST?prefix=&type=quorum|classic&heartbeat=&consumerTimeout=&store=`.
 *
 * @throws `GANGER_URL_INVALID` for what is no such URL, an unknown parameter or value.
 */
export function parseLocation(text: string): RabbitmqLocation {
  try {
    return read(toUrl(text));
  } catch (error) {
    // The error of a bad escape would be about a part of the URL that may be its password.
    throw error instanceof URIError ? unreadable() : error;
  }
}

function read(url: URL): RabbitmqLocation {
  for (const key of url.searchParams.keys()) {
    if (PARAMETERS.includes(key)) continue;
    throw invalid(`"${key}" is no parameter of an amqp: URL`, `Use ${PARAMETERS.join(", ")}.`);
  }
  const protocol = url.protocol === "amqps:" ? "amqps" : "amqp";
  const port = Number(url.port || (protocol === "amqps" ? 5671 : 5672));
  const vhost = url.pathname.slice(1) || "%2F";
  const anonymous = url.username === "" && url.password === "";
  return {
    protocol,
    hostname: url.hostname.replaceAll(/^\[|\]$/g, ""),
    port,
    username: anonymous ? "guest" : decodeURIComponent(url.username),
    password: anonymous ? "guest" : decodeURIComponent(url.password),
    vhost,
    prefix: toPrefix(url.searchParams.get("prefix") ?? "ganger"),
    type: toType(url.searchParams.get("type") ?? "quorum"),
    heartbeatSeconds: toWhole("heartbeat", url.searchParams.get("heartbeat") ?? "10", [1, 3600]),
    consumerTimeoutMs: toTimeout(url.searchParams.get("consumerTimeout")),
    store: url.searchParams.get("store") ?? undefined,
    title: `RabbitMQ at ${url.hostname}:${port}, vhost ${decodeURIComponent(vhost)}`,
  };
}

function toUrl(text: string): URL {
  try {
    const url = new URL(text);
    if (url.hostname !== "") return url;
  } catch {
    // The cause would quote the URL, and with it the password.
  }
  throw unreadable();
}

function unreadable(): GangerError {
  return invalid(
    "The amqp: URL cannot be read",
    "Write amqp://USER:PASSWORD@HOST:5672/VHOST, with special characters percent-encoded.",
  );
}

function toPrefix(text: string): string {
  if (/^[a-z][a-z0-9_]{0,30}$/.test(text)) return text;
  throw invalid(
    `prefix=${text} cannot start a queue's name`,
    "Use 1 to 31 of a-z 0-9 _ and start with a letter.",
  );
}

function toType(text: string): QueueType {
  if (text === "quorum" || text === "classic") return text;
  throw invalid(`type=${text} is not known`, "Use quorum or classic.");
}

function toTimeout(text: string | null): number | undefined {
  return text === null ? undefined : toWhole("consumerTimeout", text, [0, Number.MAX_SAFE_INTEGER]);
}

function invalid(message: string, hint: string): GangerError {
  return new GangerError("GANGER_URL_INVALID", message, { hint });
}
