import { type ErrorCode, GangerError, isGangerError } from "../../errors.ts";
import { codeOf } from "./rows.ts";

type Failure = readonly [code: ErrorCode, what: string, hint: string];

const GONE: Failure = [
  "GANGER_BROKER_UNREACHABLE",
  "cannot be reached",
  "Start the server, or correct scheme, host and port in the URL; rediss:// is for TLS.",
];
const LOST: Failure = [
  "GANGER_BROKER_UNREACHABLE",
  "did not answer",
  "Look at the server, the network, and the scheme (rediss:// is for TLS); what was asked may have been done.",
];
const PASSWORD: Failure = [
  "GANGER_BROKER_REFUSED",
  "does not take this user and password",
  "Correct them in the URL: redis://USER:PASSWORD@HOST, percent-encoded.",
];
const TRUST: Failure = [
  "GANGER_BROKER_REFUSED",
  "has a certificate that is not trusted",
  "Add ?ca=FILE with the authority that signed it, and use the host name that it is made out to.",
];
const FOREIGN: Failure = [
  "GANGER_BROKER_UNSUITED",
  "is no Redis server",
  "Correct host and port in the URL.",
];

/** By the code of a connection's error, and by how the server's answer begins, https://redis.io/docs/latest/develop/reference/. */
const FAILURES: readonly (readonly [RegExp, Failure])[] = [
  [/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EADDRNOTAVAIL)/, GONE],
  [
    /^(ERR_SSL_|EPROTO)/,
    ["GANGER_BROKER_UNSUITED", "does not speak TLS", "Write redis:// for a server without TLS."],
  ],
  [/CERT|UNABLE_TO_VERIFY|SELF_SIGNED/, TRUST],
  [/^(WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password|ERR Client sent AUTH)/, PASSWORD],
  [
    /^NOPERM|ACL failure in script|user executing the script can't/,
    [
      "GANGER_BROKER_REFUSED",
      "lets this user not do all that is needed",
      "Give it, with the prefix of the URL in place of ganger: ACL SETUSER name ~{ganger}:* ~{ganger} &{ganger}:* +@all -@dangerous +info",
    ],
  ],
  [
    /^ERR max number of clients/,
    ["GANGER_BROKER_REFUSED", "takes no more connections", "Raise maxclients, or end what holds them."],
  ],
  [
    /^ERR (DB index|invalid DB index|SELECT is not)/,
    [
      "GANGER_BROKER_REFUSED",
      "has no such database",
      "Correct the number in the URL; a cluster has 0 alone.",
    ],
  ],
  [
    /^DENIED/,
    [
      "GANGER_BROKER_REFUSED",
      "is in protected mode",
      "Give it a password, or let it listen on loopback alone.",
    ],
  ],
  [
    /^(READONLY|-READONLY|NOREPLICAS)/,
    [
      "GANGER_BROKER_READONLY",
      "does not take writes",
      "Name the primary in the URL, or the Sentinels, which know it; or give it its replicas back.",
    ],
  ],
  [
    /^MISCONF/,
    [
      "GANGER_BROKER_READONLY",
      "takes no writes as it cannot save to its disk",
      "Free space on the server's disk, and see its log.",
    ],
  ],
  [
    /^OOM/,
    ["GANGER_BROKER_FULL", "has no memory left", "Raise maxmemory; nothing that was accepted is lost."],
  ],
  [
    /^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNBLOCKED)/,
    [
      "GANGER_BROKER_UNREACHABLE",
      "is not ready",
      "Wait until it has loaded, or the cluster has a primary for each slot.",
    ],
  ],
  [
    /^ERR unknown command|Unknown Redis command called/i,
    [
      "GANGER_BROKER_UNSUITED",
      "lacks a command that is needed",
      "Use Redis 6.2, Valkey 7.2 or later, with no command renamed.",
    ],
  ],
  [
    /^WRONGTYPE/,
    [
      "GANGER_BROKER_UNSUITED",
      "has keys of something else under this prefix",
      "Give the URL a ?prefix= of its own, or delete those keys.",
    ],
  ],
  [/^(Protocol error|ParserError|Unknown RESP type)/, FOREIGN],
  [
    /timed out|closed|max retries|isn't (ready|writeable)|ECONNRESET|EPIPE|Failed to refresh|unreachable|redirections/i,
    LOST,
  ],
];

/** Says what befell the server in words; an error of another kind passes, without what was sent. No password is in it. */
export function toFailure(error: unknown, label: string): unknown {
  if (isGangerError(error)) return error;
  // A server quotes the arguments of a command that it does not know, as AUTH may be one.
  const message = (error instanceof Error ? error.message : String(error)).replace(/,? with args .*/s, "");
  const code = codeOf(error);
  // The library hangs the command with all its arguments onto its errors.
  const cause = new Error(message);
  const texts = code === undefined ? [message] : [code, message];
  for (const [pattern, [known, what, hint]] of FAILURES) {
    if (texts.some((text) => pattern.test(text)))
      return new GangerError(known, `${label} ${what} (${message})`, { cause, hint });
  }
  return cause;
}

/** Whether the server does not know a script, as after SCRIPT FLUSH, a restart or a failover. */
export function isScriptMissing(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}

/** Whether an answer did not come in time, so that the connection may be half open. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === "Command timed out";
}
