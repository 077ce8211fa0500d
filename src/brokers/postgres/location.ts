import { toTimeoutMs, toWhole } from "../../broker/url-parameters.ts";
import { GangerError } from "../../errors.ts";

/** What a `postgres:` URL says. */
export interface PostgresLocation {
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly sslmode: SslMode;
  /** File with the certificates to trust. */
  readonly sslrootcert: string | undefined;
  readonly sslcert: string | undefined;
  readonly sslkey: string | undefined;
  /** The schema that holds everything of ours. */
  readonly schema: string;
  /** Connections of one broker besides the one that listens. @default 4 */
  readonly connections: number;
  /** False: a power cut may undo the newest claims and outcomes, whose jobs then run again. Enqueues are always as durable as the server has it. */
  readonly isSynchronous: boolean;
  /** Whether PgBouncer pools transactions between us and the server. `undefined`: found out at opening. */
  readonly isPooled: boolean | undefined;
  /** After which a call without an answer is given up, and its connection with it. @default 10 s */
  readonly timeoutMs: number;
  readonly applicationName: string;
}

const SSL_MODES = ["disable", "prefer", "require", "verify-ca", "verify-full", "no-verify"] as const;

/** As libpq has them, but that `prefer` insists. */
export type SslMode = (typeof SSL_MODES)[number];

const PARAMETERS = [
  "prefix",
  "schema",
  "sslmode",
  "sslrootcert",
  "sslcert",
  "sslkey",
  "host",
  "connections",
  "synchronous",
  "pgbouncer",
  "timeout",
  "application_name",
];

/**
 * Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?prefix=NAME&…`. What is missing comes from
 * PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE, as with every client of PostgreSQL.
 *
 * @throws `GANGER_URL_INVALID` for what cannot be read, an unknown parameter or value.
 */
export function parseLocation(url: string): PostgresLocation {
  const { username, password, hostname, port, pathname, searchParams } = parse(url);
  for (const key of searchParams.keys()) {
    if (!PARAMETERS.includes(key)) refuse(`"${key}" is no parameter of a postgres: URL`, PARAMETERS);
  }
  const { env } = process;
  const parameter = (name: string) => searchParams.get(name) ?? undefined;
  return {
    host: parameter("host") ?? (text(hostname) || env["PGHOST"] || "localhost"),
    port: Number(port || env["PGPORT"] || 5432),
    user: text(username) || env["PGUSER"],
    password: text(password) || env["PGPASSWORD"],
    database: text(pathname.slice(1)) || env["PGDATABASE"],
    sslmode: oneOf("sslmode", parameter("sslmode") ?? "disable", SSL_MODES),
    sslrootcert: parameter("sslrootcert"),
    sslcert: parameter("sslcert"),
    sslkey: parameter("sslkey"),
    schema: toSchema(parameter("schema") ?? parameter("prefix") ?? "ganger"),
    connections: toWhole("connections", parameter("connections") ?? "4", [1, 50]),
    isSynchronous: oneOf("synchronous", parameter("synchronous") ?? "on", ["on", "off"]) === "on",
    isPooled: toPooled(parameter("pgbouncer")),
    timeoutMs: toTimeoutMs(parameter("timeout"), "10s"),
    applicationName: parameter("application_name") ?? "ganger",
  };
}

/** What a message may say of it: no user, no password. */
export function toPlace({ host, port, database }: PostgresLocation): string {
  const where = host.startsWith("/") ? host : `${host.includes(":") ? `[${host}]` : host}:${port}`;
  return `postgres://${where}${database === undefined ? "" : `/${database}`}`;
}

function parse(url: string): URL {
  try {
    // A host that is a folder of sockets is given as a parameter, and none before the path.
    return new URL(url.replace(/^postgres(?:ql)?:\/\/(?=[/?]|$)/, "postgres://localhost"));
  } catch {
    throw new GangerError("GANGER_URL_INVALID", "The postgres: URL cannot be read", {
      hint: "Write postgres://USER:PASSWORD@HOST:5432/DATABASE, and % escapes for special characters in the password.",
    });
  }
}

function text(part: string): string {
  try {
    return decodeURIComponent(part).replace(/^\[(.*)\]$/, "$1");
  } catch {
    return part;
  }
}

function toPooled(value: string | undefined): boolean | undefined {
  if (value === undefined) return undefined;
  return oneOf("pgbouncer", value, ["true", "false"]) === "true";
}

function toSchema(name: string): string {
  if (/^[a-z][a-z0-9_]{0,30}$/.test(name) && !name.startsWith("pg_") && name !== "information_schema")
    return name;
  throw new GangerError("GANGER_URL_INVALID", `prefix=${name} cannot name a schema`, {
    hint: "Use 1 to 31 of a-z 0-9 _ and start with a letter, but not with pg_.",
  });
}

function oneOf<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  return found ?? refuse(`${name}=${value} is not known`, known);
}

function refuse(message: string, known: readonly string[]): never {
  throw new GangerError("GANGER_URL_INVALID", message, { hint: `Use ${known.join(", ")}.` });
}
