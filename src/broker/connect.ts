import { GangerError } from "../errors.ts";
import type { Broker } from "./broker.ts";
import { guarded } from "./guarded.ts";
import type { Migrations, OpenOptions } from "./migrate.ts";

/** What a room of `brokers/` can be asked for. */
interface Room {
  readonly open: (url: string, options: OpenOptions) => Promise<Broker>;
  readonly migrations?: ((url: string) => Promise<Migrations>) | undefined;
}

/** Which room speaks to which kind of store. Each loads its own driver and nothing else does. */
const ROOMS: Readonly<Record<string, () => Promise<Room>>> = {
  "memory:": async () => ({ open: (await import("../brokers/memory/open.ts")).openMemory }),
  "sqlite:": async () => {
    const { openSqlite, openSqliteMigrations } = await import("../brokers/sqlite/open.ts");
    return { open: openSqlite, migrations: openSqliteMigrations };
  },
  "redis:": async () => ({ open: (await import("../brokers/redis/open.ts")).openRedis }),
  "postgres:": async () => {
    const { openPostgres, openPostgresMigrations } = await import("../brokers/postgres/open.ts");
    return { open: openPostgres, migrations: openPostgresMigrations };
  },
  "mysql:": async () => {
    const { openMysql, mysqlMigrations } = await import("../brokers/mysql/open.ts");
    return { open: openMysql, migrations: mysqlMigrations };
  },
  "amqp:": async () => {
    const { openRabbitmq } = await import("../brokers/rabbitmq/open.ts");
    return { open: (url) => openRabbitmq(url, openBroker) };
  },
};

/** Other names of the same: of a product that is spoken to in the same way, or of a connection by TLS. */
const ALIASES: Readonly<Record<string, string>> = {
  "rediss:": "redis:",
  "valkey:": "redis:",
  "valkeys:": "redis:",
  "postgresql:": "postgres:",
  "mariadb:": "mysql:",
  "amqps:": "amqp:",
};

/**
 * Opens a broker by its URL, such as `sqlite:./ganger.db` or `memory:`, and makes its store ready for use.
 *
 * @throws `GANGER_URL_INVALID` for a URL that names no broker, `GANGER_DRIVER_MISSING` when its
 * library is not installed, and `GANGER_BROKER_*` when its store cannot be used.
 */
export async function openBroker(url: string, options: OpenOptions = {}): Promise<Broker> {
  const { open } = await roomOf(url)();
  return guarded(await open(url, options));
}

/** Opens the schema of a store, without migrating it; `undefined` for a kind of store that has none. @throws as `openBroker`. */
export async function openMigrations(url: string): Promise<Migrations | undefined> {
  const { migrations } = await roomOf(url)();
  return migrations?.(url);
}

/** Loads what a broker of this URL needs, and opens nothing. @throws as `openBroker` does for what is not installed. */
export async function loadDriver(url: string): Promise<void> {
  await roomOf(url)();
}

/** @throws `GANGER_URL_INVALID` for a URL that names no broker. Opens nothing. */
export function assertBrokerUrl(url: string): void {
  roomOf(url);
}

function roomOf(url: string): () => Promise<Room> {
  const scheme = /^[a-z]+:/i.exec(url)?.[0] ?? "";
  const name = Object.hasOwn(ALIASES, scheme) ? (ALIASES[scheme] ?? scheme) : scheme;
  const room = Object.hasOwn(ROOMS, name) ? ROOMS[name] : undefined;
  if (room !== undefined && name !== "sqlite:") assertPassword(scheme, url);
  if (room !== undefined) return room;
  throw new GangerError("GANGER_URL_INVALID", `${quote(scheme, url)} names no broker`, {
    hint: `Start the URL with one of ${Object.keys(ROOMS).join(" ")}, such as sqlite:./ganger.db.`,
  });
}

/**
 * A password with a plain `/` or `?` ends the host too early: its rest would be taken for a path or
 * a parameter, and be named in messages.
 */
function assertPassword(scheme: string, url: string): void {
  if (!/^[a-z]+:\/\/[^/?]*[/?].*@/s.test(url)) return;
  throw new GangerError("GANGER_URL_INVALID", `The ${scheme} URL has an @ behind its host`, {
    hint: "Percent-encode user, password and parameters: @ is %40, / is %2F, ? is %3F.",
  });
}

/** A URL may hold a password: only what precedes it is shown. */
function quote(scheme: string, url: string): string {
  if (scheme !== "") return JSON.stringify(`${scheme}…`);
  return url === "" ? "An empty text" : "A URL without a scheme";
}
