import { type ErrorCode, GangerError, isGangerError } from "../../errors.ts";
import { codeOf } from "./rows.ts";

interface Meaning {
  /** What the server, the driver or the system says. */
  readonly sign: RegExp;
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string | ((detail: string) => string);
}

/** From the telling to the general: the first sign that is found counts. */
const MEANINGS: readonly Meaning[] = [
  {
    sign: /ACCESS[_-]REFUSED.*(?:login|mechanism)|SASL mechanism/i,
    code: "GANGER_BROKER_REFUSED",
    what: "does not accept this user and password",
    hint: "Correct them in the URL; the user guest may come from the server's own host only.",
  },
  {
    // amqplib does not pass on which of the two the server says.
    sign: /Expected ConnectionOpenOk|NOT_ALLOWED/,
    code: "GANGER_BROKER_REFUSED",
    what: "has no such virtual host, or does not let this user into it",
    hint: "Make it with rabbitmqctl add_vhost VHOST, and let the user in: rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'",
  },
  {
    sign: /ACCESS[_-]REFUSED/,
    code: "GANGER_BROKER_REFUSED",
    what: "lacks a permission for this user",
    hint: toGrant,
  },
  {
    sign: /PRECONDITION[_-]FAILED.*inequivalent/,
    code: "GANGER_BROKER_UNSUITED",
    what: "has a queue or exchange of this name with other settings",
    hint: "Delete it once it is empty, or use another prefix or type in the URL.",
  },
  {
    sign: /home node .* is down or inaccessible/,
    code: "GANGER_BROKER_UNREACHABLE",
    what: "has not started one of its queues",
    hint: "It comes by itself once its node is up. One that was made in the second before its server was killed never does: it must be deleted on the server, or another prefix used.",
  },
  {
    sign: /timeout|timed ?out/i,
    code: "GANGER_BROKER_UNREACHABLE",
    what: "did not answer in time",
    hint: "See whether a RabbitMQ server runs there and this host may reach it; what was sent may have been done.",
  },
  {
    sign: /Invalid frame|Frame size|frame type|Unexpected frame|Unknown|during opening handshake|protocol header|bad method|Expected Connection/i,
    code: "GANGER_BROKER_UNSUITED",
    what: "does not speak AMQP 0-9-1",
    hint: "Name the AMQP port of a RabbitMQ server that is up: 5672 unless it was changed, or 5671 for amqps.",
  },
  {
    sign: /wrong version number|SSL|certificate|self.signed/i,
    code: "GANGER_BROKER_REFUSED",
    what: "cannot be trusted or does not speak TLS",
    hint: "Use amqp:// for a port without TLS; name its authority with NODE_EXTRA_CA_CERTS.",
  },
];

/** As the server says it: "… access to queue 'shop.names' in vhost '/' refused for user 'mail'". */
function toGrant(detail: string): string {
  const named = (sign: RegExp) => sign.exec(detail)?.[1];
  const prefix = named(/'([^']+?)[.](?:q[.]|h[.]|names|failed|news|came|delay|due)/);
  const start = (prefix ?? "ganger").replaceAll(".", "[.]");
  const proviso = prefix === undefined ? ", with the prefix of the URL in place of ganger" : "";
  const vhost = named(/in vhost '([^']+)'/) ?? "VHOST";
  const user = named(/for user '([^']+)'/) ?? "USER";
  const own = `'^(${start}|amq[.]gen)'`;
  return `Grant it${proviso}: rabbitmqctl set_permissions -p ${vhost} ${user} ${own} '^(${start}|amq[.](gen|default))' ${own}`;
}

const UNREACHABLE: Omit<Meaning, "sign"> = {
  code: "GANGER_BROKER_UNREACHABLE",
  what: "cannot be reached",
  hint: "See whether the server runs and this host may reach it; what was sent may have been done.",
};

/** Says what befell the server in words. */
export function toFailure(error: unknown, title: string): GangerError {
  if (isGangerError(error)) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const text = `${detail} ${codeOf(error) ?? ""}`;
  const { code, what, hint } = MEANINGS.find(({ sign }) => sign.test(text)) ?? UNREACHABLE;
  return new GangerError(code, `${title}: it ${what} (${shortened(detail)})`, {
    cause: error,
    hint: typeof hint === "string" ? hint : hint(detail),
  });
}

/** A server in an alarm takes nothing from those who publish. */
export function toFull(title: string, reason: string): GangerError {
  return new GangerError("GANGER_BROKER_FULL", `${title}: it takes no messages now (${reason})`, {
    hint: "Free memory or disk space on the server: rabbitmqctl status names the alarm. Nothing that was accepted is lost.",
  });
}

export function toUnroutable(title: string, queue: string): GangerError {
  return new GangerError("GANGER_BROKER_UNREACHABLE", `${title}: nothing takes messages for ${queue}`, {
    hint: "Somebody deletes queues or bindings of ganger's while it runs: they are made again with the next call.",
  });
}

function shortened(text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}…` : text;
}

const MAX_DETAIL = 300;
