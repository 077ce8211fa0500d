import { type ErrorCode, GangerError, isGangerError } from "../../errors.ts";
import { errorOf } from "./rows.ts";

type Meaning = readonly [ErrorCode, what: string, hint: string];

const LOGIN: Meaning = [
  "GANGER_BROKER_REFUSED",
  "does not let us in",
  "Look at user and password in the URL, and from which hosts this user may come.",
];
const GRANT: Meaning = [
  "GANGER_BROKER_REFUSED",
  "does not allow it",
  "Grant this user SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX and DROP on the database.",
];
const CROWD: Meaning = [
  "GANGER_BROKER_REFUSED",
  "has too many connections",
  "Raise max_connections, or give fewer to each process with ?connections=2.",
];
const READONLY: Meaning = [
  "GANGER_BROKER_READONLY",
  "is read-only",
  "Name the primary in the URL, or make this server writable.",
];
const FULL: Meaning = [
  "GANGER_BROKER_FULL",
  "has no room left on its disk",
  "Free space on the server; nothing that was accepted is lost.",
];
const GONE: Meaning = [
  "GANGER_BROKER_UNREACHABLE",
  "is gone",
  "See that the server runs and can be reached; ganger connects again by itself.",
];
const BUSY: Meaning = [
  "GANGER_BROKER_LOCKED",
  "has kept us waiting for a lock",
  "Look for a long transaction on ganger's tables: ganger doctor names it.",
];
const BINLOG: Meaning = [
  "GANGER_BROKER_UNSUITED",
  "logs statements, which leaves out READ COMMITTED",
  "Set binlog_format to ROW or MIXED.",
];

/** What the server or the library said, by number or name. https://mariadb.com/kb/en/mariadb-error-code-reference/ */
const FAILURES: Readonly<Record<string, Meaning>> = {
  1044: GRANT,
  1045: LOGIN,
  1698: LOGIN,
  1820: LOGIN,
  1862: LOGIN,
  3118: LOGIN,
  4151: LOGIN,
  1130: [
    "GANGER_BROKER_REFUSED",
    "lets nobody in from this host",
    "Create the user for this host, or for '%'.",
  ],
  1142: GRANT,
  1143: GRANT,
  1227: GRANT,
  1049: ["GANGER_BROKER_REFUSED", "has no such database", "Create it, or name another in the URL."],
  1040: CROWD,
  1203: CROWD,
  1226: CROWD,
  1129: ["GANGER_BROKER_REFUSED", "has blocked this host", "On the server: FLUSH HOSTS."],
  3159: ["GANGER_BROKER_REFUSED", "takes encrypted connections alone", "Add ?tls=verify to the URL."],
  1251: ["GANGER_BROKER_UNSUITED", "wants a way to log in that mysql2 has not", "npm install mysql2@latest"],
  1290: READONLY,
  1792: READONLY,
  1836: READONLY,
  1021: FULL,
  1114: FULL,
  3675: FULL,
  1180: ["GANGER_BROKER_UNREACHABLE", "could not commit", "Look into the server's error log."],
  1205: BUSY,
  1213: BUSY,
  1665: BINLOG,
  1153: ["GANGER_PAYLOAD_LARGE", "takes no packet of this size", "Raise max_allowed_packet on the server."],
  1053: GONE,
  1077: GONE,
  1079: GONE,
  1152: GONE,
  1158: GONE,
  1159: GONE,
  1160: GONE,
  1161: GONE,
  1184: GONE,
  1927: GONE,
  3169: GONE,
  4031: GONE,
  HANDSHAKE_NO_SSL_SUPPORT: [
    "GANGER_BROKER_UNSUITED",
    "offers no encrypted connection",
    "Leave tls out of the URL, or set the server up for TLS.",
  ],
  HANDSHAKE_SSL_ERROR: [
    "GANGER_BROKER_REFUSED",
    "has a certificate that is not trusted",
    "Name its authority's with &ca=FILE, or take any with tls=unverified.",
  ],
  ENOENT: ["GANGER_BROKER_UNREACHABLE", "has no such socket", "Look at socket in the URL."],
  ENOTFOUND: ["GANGER_BROKER_UNREACHABLE", "is a host that nobody knows", "Look at the host in the URL."],
  EAI_AGAIN: [
    "GANGER_BROKER_UNREACHABLE",
    "cannot be looked up now",
    "Look at the name server of this host.",
  ],
  ECONNREFUSED: [
    "GANGER_BROKER_UNREACHABLE",
    "does not answer: nothing listens there",
    "Start the server, or look at host and port in the URL.",
  ],
  ECONNRESET: GONE,
  EPIPE: GONE,
  ETIMEDOUT: [
    "GANGER_BROKER_UNREACHABLE",
    "did not answer in time",
    "See that a MySQL server listens there that is not stopped, and that no firewall is between.",
  ],
  EHOSTUNREACH: GONE,
  ENETUNREACH: GONE,
  PROTOCOL_CONNECTION_LOST: GONE,
};

/** Whether the server undid a statement so that another could go on. The work is to be done again. */
export function isContention(error: unknown): boolean {
  const { errno } = errorOf(error);
  return errno === 1213 || errno === 1205 || errno === 1020 || errno === 3572;
}

/** Whether the server took the whole transaction back to let another go on. */
export function isDeadlock(error: unknown): boolean {
  return errorOf(error).errno === 1213;
}

/** Whether this error says that there is no connection any more, or none to be had now. */
export function isGone(error: unknown): boolean {
  return isGangerError(error, "GANGER_BROKER_UNREACHABLE") || meaningOf(error)?.[0] === GONE[0];
}

/** Whether the transaction was begun as one that only reads. */
export function isReadOnly(error: unknown): boolean {
  return errorOf(error).errno === 1792;
}

/** Whether this user may not do what was asked. */
export function isRefused(error: unknown): boolean {
  return isGangerError(error, "GANGER_BROKER_REFUSED") || meaningOf(error) === GRANT;
}

export function isMissingTable(error: unknown): boolean {
  return errorOf(error).errno === 1146;
}

/** Says what befell the store in words; an error that is not the server's or the network's passes as it is. */
export function toFailure(error: unknown, title: string): unknown {
  if (isGangerError(error)) return error;
  const [code, what, hint] = meaningOf(error) ?? [];
  if (code === undefined || what === undefined) return error;
  return new GangerError(code, `${title} ${what} (${detailOf(error)})`, { cause: error, hint });
}

function meaningOf(error: unknown): Meaning | undefined {
  const { errno, code } = errorOf(error);
  const byNumber = errno === undefined ? undefined : FAILURES[String(errno)];
  return byNumber ?? (code === undefined ? undefined : FAILURES[code]);
}

/** The server's own words name user and host, and never the password. */
function detailOf(error: unknown): string {
  const { sqlMessage, code } = errorOf(error);
  if (sqlMessage !== undefined) return sqlMessage;
  return error instanceof Error && error.message !== "" ? error.message : (code ?? String(error));
}
