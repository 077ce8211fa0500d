import { readFileSync } from "node:fs";
import { importDriver } from "../../broker/driver.ts";
import { GangerError } from "../../errors.ts";
import { toFailure } from "./failure.ts";
import { type PostgresLocation, toPlace } from "./location.ts";
import { asClientClass, type PgClient, parserOf } from "./rows.ts";

const CONNECT_MS = 5000;

/**
 * For our own connections alone, whatever is set for the user, the database or the server. Calls have deadlines of their
 * own: a statement_timeout would undo a large batch each time that it is tried again. With statistics taken while the queue was empty, which they mostly are,
 * the planner sorts or scans what an index has in order: 10 to 75 times slower.
 */
const SETTINGS = [
  ["enable_seqscan", "off"],
  ["enable_bitmapscan", "off"],
  ["enable_sort", "off"],
  ["enable_hashjoin", "off"],
  ["enable_mergejoin", "off"],
  ["plan_cache_mode", "force_generic_plan"],
  ["jit", "off"],
  ["statement_timeout", "0"],
  ["lock_timeout", "0"],
  ["idle_in_transaction_session_timeout", "60000"],
  ["default_transaction_isolation", "read\\ committed"],
  ["tcp_keepalives_idle", "30"],
  ["tcp_keepalives_interval", "10"],
  ["tcp_keepalives_count", "3"],
] as const;

/** The same for one transaction, where a pool between us and the server keeps no settings of a connection. */
export const LOCAL_SETTINGS = SETTINGS.filter(([name]) => name.startsWith("enable_"))
  .map(([name, value]) => `set local ${name} = ${value};`)
  .join(" ");

export interface ConnectOptions {
  readonly isPooled: boolean;
  readonly isSynchronous: boolean;
}

/** Opens one connection. @throws `GANGER_BROKER_*` by what kept it from being opened. */
export async function connect(
  location: PostgresLocation,
  { isPooled, isSynchronous }: ConnectOptions,
): Promise<PgClient> {
  const Client = await loadClient();
  const settings = isSynchronous ? SETTINGS : [...SETTINGS, ["synchronous_commit", "off"] as const];
  const client = new Client({
    host: location.host,
    port: location.port,
    user: location.user,
    password: location.password,
    database: location.database,
    ssl: toTls(location),
    application_name: location.applicationName,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    pipeline: !isPooled,
    types: { getTypeParser: parserOf },
    ...(isPooled ? {} : { options: settings.map(([name, value]) => `-c ${name}=${value}`).join(" ") }),
  });
  // An error without a listener would end the process; whoever uses the connection learns of it by its calls.
  client.on("error", () => undefined);
  try {
    await Promise.race([client.connect(), foreignAnswer(client, location)]);
    return client;
  } catch (error) {
    client.connection.stream.destroy();
    throw toFailure(error, toPlace(location));
  }
}

/** Rejects when the first answer is none that PostgreSQL gives: the library would wait for the rest of it. */
function foreignAnswer(client: PgClient, location: PostgresLocation): Promise<never> {
  return new Promise((_, reject) => {
    client.connection.stream.once("data", (bytes) => {
      if (FIRST_ANSWERS.has(String.fromCharCode(bytes[0] ?? 0))) return;
      reject(
        new GangerError("GANGER_BROKER_UNSUITED", `${toPlace(location)} is no PostgreSQL server`, {
          hint: "Correct host and port in the URL.",
        }),
      );
    });
  });
}

/** Authentication, an error, a notice, yes or no to TLS, another version of the protocol. */
const FIRST_ANSWERS = new Set(["R", "E", "N", "S", "v"]);

async function loadClient() {
  const module = await importDriver("pg", () => import("pg"));
  return asClientClass(module);
}

function toTls({ sslmode, sslrootcert, sslcert, sslkey }: PostgresLocation): false | object {
  if (sslmode === "disable") return false;
  const files = {
    ...(sslrootcert === undefined ? {} : { ca: read(sslrootcert) }),
    ...(sslcert === undefined ? {} : { cert: read(sslcert) }),
    ...(sslkey === undefined ? {} : { key: read(sslkey) }),
  };
  if (sslmode === "verify-full") return files;
  // `require` with a certificate to trust is `verify-ca`, as libpq has it.
  const verifies = sslmode === "verify-ca" || (sslmode === "require" && sslrootcert !== undefined);
  return verifies
    ? { ...files, checkServerIdentity: () => undefined }
    : { ...files, rejectUnauthorized: false };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new GangerError("GANGER_URL_INVALID", `The file ${file} cannot be read`, {
      cause,
      hint: "Correct sslrootcert, sslcert and sslkey in the URL.",
    });
  }
}
