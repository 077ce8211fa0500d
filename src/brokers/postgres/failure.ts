import { type ErrorCode, GangerError, isGangerError } from "../../errors.ts";
import { codeOf, messageOf } from "./rows.ts";

type Failure = readonly [code: ErrorCode, what: string, hint: string];

/** SQLSTATE codes that an operator can do something about, https://www.postgresql.org/docs/current/errcodes-appendix.html, and those of sockets. */
const FAILURES: Readonly<Record<string, Failure>> = {
  "28P01": ["GANGER_BROKER_REFUSED", "refuses the password", "Correct user and password in the URL."],
  "28000": [
    "GANGER_BROKER_REFUSED",
    "does not let this user in",
    "Correct the user in the URL, or let it in: pg_hba.conf of the server says who may come from where.",
  ],
  "3D000": [
    "GANGER_BROKER_REFUSED",
    "has no such database",
    "Correct its name in the URL, or: createdb NAME",
  ],
  "42501": [
    "GANGER_BROKER_REFUSED",
    "does not permit this user what it needs",
    "Let it make the schema: GRANT CREATE ON DATABASE … TO …; or own the one that is there.",
  ],
  "25006": [
    "GANGER_BROKER_READONLY",
    "takes no writes",
    "Name the primary server in the URL, not a replica; look at default_transaction_read_only.",
  ],
  "53100": [
    "GANGER_BROKER_FULL",
    "has no room left on its disk",
    "Free space; nothing that was accepted is lost.",
  ],
  "53200": ["GANGER_BROKER_FULL", "has no memory left", "Lower work_mem or max_connections of the server."],
  "53300": [
    "GANGER_BROKER_REFUSED",
    "has no connection left",
    "Raise max_connections of the server, lower connections in the URL, or put PgBouncer in between.",
  ],
  "57P01": ["GANGER_BROKER_UNREACHABLE", "ended the connection", "It is tried again when it is back."],
  "57P02": ["GANGER_BROKER_UNREACHABLE", "crashed", "It is tried again when it is back."],
  "57P03": [
    "GANGER_BROKER_UNREACHABLE",
    "is starting up or shutting down",
    "It is tried again when it is up.",
  ],
  "57014": ["GANGER_BROKER_UNREACHABLE", "cancelled a statement", "Look at statement_timeout of this user."],
  "58030": ["GANGER_BROKER_UNREACHABLE", "cannot read or write its disk", "Look at the log of the server."],
  XX001: ["GANGER_BROKER_CORRUPT", "has damaged data", "Restore a backup; see the log of the server."],
  XX002: ["GANGER_BROKER_CORRUPT", "has a damaged index", "REINDEX SCHEMA …; see the log of the server."],
  "42P01": ["GANGER_BROKER_CORRUPT", "lacks a table of ours", "ganger migrate, or restore what was deleted."],
  ECONNREFUSED: [
    "GANGER_BROKER_UNREACHABLE",
    "does not answer",
    "Start the server, or correct host and port.",
  ],
  ENOTFOUND: ["GANGER_BROKER_UNREACHABLE", "has a host that nobody knows", "Correct the host in the URL."],
  EAI_AGAIN: [
    "GANGER_BROKER_UNREACHABLE",
    "has a host that nobody knows now",
    "Look at the resolver of names.",
  ],
  ENOENT: [
    "GANGER_BROKER_UNREACHABLE",
    "has no socket there",
    "Start the server, or correct host in the URL.",
  ],
};

const UNREACHABLE: Failure = [
  "GANGER_BROKER_UNREACHABLE",
  "cannot be reached",
  "Look at the server and the network between, and whether it is PostgreSQL that listens there.",
];

const NO_POSTGRES: Failure = [
  "GANGER_BROKER_UNSUITED",
  "does not speak as PostgreSQL does",
  "Correct host and port in the URL.",
];

const NO_TLS: Failure = [
  "GANGER_BROKER_REFUSED",
  "offers no TLS, or none that sslmode accepts",
  "Correct sslmode and sslrootcert in the URL, or set up TLS on the server.",
];

/** Sockets, and what the driver says itself of connections that are gone. */
const LOST =
  /^(?:E(?:CONN|HOST|NET|PIPE|TIMEDOUT|ADDR)|08)|connection terminated|timeout expired|not queryable|client was closed/i;
/** The driver stumbles over whatever another kind of server answers. */
const FOREIGN =
  /invalid (?:message|packet)|unexpected|received invalid response|invalid response|unknown message|buffer|offset|range/i;
const TLS = /ssl|tls|certificate|self.signed|altname/i;

/** Whether the same statement may be sent again: the server undid it because of what others did meanwhile. */
export function isConflict(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40P01" || code === "40001";
}

/** Whether there is nothing of ours, or less than was asked for: no such schema or table. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === "42P01" || code === "3F000";
}

/** Whether a pool between us and the server refused what it does not know. */
export function isPoolRefusal(error: unknown): boolean {
  return /unsupported startup parameter/i.test(messageOf(error));
}

/** Says what befell the store in words; an error that is not the store's passes as it is. */
export function toFailure(error: unknown, place: string): unknown {
  if (isGangerError(error)) return error;
  const failure = find(codeOf(error) ?? "", messageOf(error));
  if (failure === undefined) return error;
  const [code, what, hint] = failure;
  return new GangerError(code, `${place} ${what} (${messageOf(error)})`, { cause: error, hint });
}

function find(code: string, message: string): Failure | undefined {
  const known = FAILURES[code];
  if (known !== undefined) return known;
  if (TLS.test(message) && !/^[0-9A-Z]{5}$/.test(code)) return NO_TLS;
  if (LOST.test(code) || LOST.test(message)) return UNREACHABLE;
  return !/^[0-9A-Z]{5}$/.test(code) && FOREIGN.test(message) ? NO_POSTGRES : undefined;
}
