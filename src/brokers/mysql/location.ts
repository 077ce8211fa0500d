import { toTimeoutMs, toWhole } from "../../broker/url-parameters.ts";
import { GangerError } from "../../errors.ts";

/** What a `mysql:` or `mariadb:` URL says. */
export interface MysqlLocation {
  readonly host: string;
  readonly port: number;
  /** A Unix socket, which is used instead of host and port. */
  readonly socket: string | undefined;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly prefix: string;
  readonly tls: Tls;
  /** A file with the certificates of those who may sign the server's. */
  readonly ca: string | undefined;
  /** How long the server may take to answer. */
  readonly answerMs: number;
  /** Connections that one broker opens at most. */
  readonly connections: number;
  /** For messages: without the password. */
  readonly title: string;
}

/** `verify` refuses a certificate that nobody known has signed; `unverified` takes any. */
export type Tls = "off" | "verify" | "unverified";

const LEVELS: readonly Tls[] = ["off", "verify", "unverified"];
const PARAMETERS = ["prefix", "tls", "ca", "socket", "timeout", "connections"];
const EXAMPLE = "Write mysql://USER:PASSWORD@HOST:3306/DATABASE, with %40 and the like in the password.";

/**
 * Reads `mysql://USER:PASSWORD@HOST:PORT/DATABASE?prefix=NAME&tls=off|verify|unverified&ca=FILE&socket=PATH
 * &timeout=8s&connections=N`.
 *
 * @throws `GANGER_URL_INVALID` for a missing database, an unknown parameter or value.
 */
export function parseLocation(text: string): MysqlLocation {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw invalid("A mysql: URL cannot be read", EXAMPLE);
  const { searchParams: parameters, hostname, username, password, port, pathname } = url;
  for (const key of parameters.keys()) {
    if (PARAMETERS.includes(key)) continue;
    throw invalid(`"${key}" is no parameter of a mysql: URL`, `Use ${PARAMETERS.join(", ")}.`);
  }
  const database = decode(pathname.slice(1));
  if (database === "" || database.includes("/")) throw invalid("A mysql: URL names no database", EXAMPLE);
  const socket = parameters.get("socket") ?? undefined;
  const host = hostname === "" ? "127.0.0.1" : hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    host,
    port: port === "" ? 3306 : Number(port),
    socket,
    user: username === "" ? "root" : decode(username),
    password: decode(password),
    database,
    prefix: toPrefix(parameters.get("prefix") ?? "ganger"),
    tls: toTls(parameters.get("tls") ?? "off"),
    ca: parameters.get("ca") ?? undefined,
    answerMs: toTimeoutMs(parameters.get("timeout"), "8s"),
    connections: toWhole("connections", parameters.get("connections") ?? "4", [2, 100]),
    title: `mysql://${socket ?? `${hostname === "" ? host : hostname}:${port === "" ? 3306 : port}`}/${database}`,
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("A mysql: URL has a % that starts no escape", EXAMPLE);
  }
}

function toPrefix(text: string): string {
  if (/^[a-z][a-z0-9_]{0,30}$/.test(text)) return text;
  throw invalid(
    `prefix=${text} cannot start a table's name`,
    "Use 1 to 31 of a-z 0-9 _ and start with a letter.",
  );
}

function toTls(text: string): Tls {
  const level = LEVELS.find((known) => known === text);
  if (level !== undefined) return level;
  throw invalid(`tls=${text} is not known`, `Use ${LEVELS.join(", ")}.`);
}

function invalid(message: string, hint: string): GangerError {
  return new GangerError("GANGER_URL_INVALID", message, { hint });
}
