import { readFileSync } from "node:fs";
import { toTimeoutMs } from "../../broker/url-parameters.ts";
import { GangerError } from "../../errors.ts";

/** What a `redis:` URL says. */
export interface RedisLocation {
  readonly hosts: readonly Host[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly db: number;
  readonly isSecure: boolean;
  /** The certificate authority to trust, as PEM. */
  readonly ca: string | undefined;
  /** The group of servers that the hosts, which are Sentinels then, watch over. */
  readonly sentinel: string | undefined;
  /** Starts every key: the name of this application in braces, so that all keys are in one slot of a cluster. */
  readonly prefix: string;
  /** How long a call may take, with all reconnecting. */
  readonly timeoutMs: number;
  /** The server as people may see it: without user and password. */
  readonly label: string;
}

export interface Host {
  readonly host: string;
  readonly port: number;
}

const SYNTAX = /^(redis|rediss|valkey|valkeys):\/\/(?:([^/?]*)@)?([^@/?]*)(?:\/(\d*))?(?:\?(.*))?$/;
const PARAMETERS = ["prefix", "timeout", "sentinel", "ca"];

/**
 * Reads `redis://USER:PASSWORD@HOST:PORT,…/DB?prefix=NAME&timeout=5s&sentinel=NAME&ca=FILE`.
 *
 * @throws `GANGER_URL_INVALID` for an unknown parameter or a value that cannot be.
 */
export function parseLocation(url: string): RedisLocation {
  const match = SYNTAX.exec(url);
  if (match === null) {
    throw invalid(
      "The URL of Redis cannot be read",
      "Write redis://USER:PASSWORD@HOST:6379/0, with user and password percent-encoded.",
    );
  }
  const [, scheme = "", credentials, list = "", db = "", query = ""] = match;
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name))
      throw invalid(`"${name}" is no parameter of a redis: URL`, `Use ${PARAMETERS.join(", ")}.`);
  }
  const isSecure = scheme.endsWith("s") && scheme !== "redis";
  const sentinel = parameters.get("sentinel") ?? undefined;
  const hosts = list.split(",").map((text) => toHost(text, sentinel === undefined ? 6379 : 26_379));
  const [username, password] = toCredentials(credentials);
  return {
    hosts,
    username,
    password,
    db: Number(db),
    isSecure,
    ca: toAuthority(parameters.get("ca")),
    sentinel,
    prefix: `{${toPrefix(parameters.get("prefix") ?? "ganger")}}`,
    timeoutMs: toTimeoutMs(parameters.get("timeout"), "5s"),
    label: `${scheme}://${hosts.map(({ host, port }) => `${host}:${port}`).join(",")}`,
  };
}

const HOST = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))?(?::(\d+))?$/i;

function toHost(text: string, standardPort: number): Host {
  const match = HOST.exec(text);
  const [, bracketed, plain = "127.0.0.1", port = String(standardPort)] = match ?? [];
  if (match === null || Number(port) > 65_535)
    throw invalid("The URL names no host and port", "Write redis://host:6379.");
  return { host: bracketed ?? plain, port: Number(port) };
}

/** A password alone, as in `redis://:secret@host`, is that of the default user. */
function toCredentials(text: string | undefined): readonly [string | undefined, string | undefined] {
  if (text === undefined || text === "") return [undefined, undefined];
  const colon = text.indexOf(":");
  try {
    const user = decodeURIComponent(colon < 0 ? text : text.slice(0, colon));
    return [
      user === "" ? undefined : user,
      colon < 0 ? undefined : decodeURIComponent(text.slice(colon + 1)),
    ];
  } catch {
    throw invalid(
      "User or password in the URL cannot be read",
      "Percent-encode them: % is written %25, @ is %40.",
    );
  }
}

function toAuthority(file: string | null): string | undefined {
  if (file === null) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new GangerError("GANGER_URL_INVALID", `ca=${file} cannot be read`, {
      cause,
      hint: "Name the file of a certificate authority in PEM form.",
    });
  }
}

function toPrefix(text: string): string {
  if (/^[A-Za-z0-9_.:-]{1,64}$/.test(text)) return text;
  throw invalid(`prefix=${text} cannot start a key`, "Use 1 to 64 of A-Z a-z 0-9 _ . : -");
}

function invalid(message: string, hint: string): GangerError {
  return new GangerError("GANGER_URL_INVALID", message, { hint });
}
