import type { Broker } from "../../broker/broker.ts";
import type { Migrations, OpenOptions } from "../../broker/migrate.ts";
import { GangerError } from "../../errors.ts";
import { PostgresBroker } from "./broker.ts";
import { connect } from "./driver.ts";
import { isPoolRefusal } from "./failure.ts";
import { Lanes } from "./lanes.ts";
import { type PostgresLocation, parseLocation, toPlace } from "./location.ts";
import { assertKnown, type Opening, PostgresMigrations, readOpening, SCHEMA_VERSION } from "./migrate.ts";
import { single, toNumber } from "./rows.ts";
import { Statements } from "./statements.ts";

const OLDEST_SERVER = 120_000;

/** Opens the broker on PostgreSQL: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?prefix=NAME`; docs/guide/postgres.md has all parameters. */
export async function openPostgres(url: string, { migrate = true }: OpenOptions = {}): Promise<Broker> {
  const location = parseLocation(url);
  const { lanes, opening } = await openLanes(location);
  try {
    assertSuited(opening?.server ?? (await serverOf(lanes)), location);
    if (opening?.isReadOnly === true) throw readOnly(location);
    if (opening !== undefined) assertKnown(opening, location.schema);
    if ((opening?.version ?? 0) < SCHEMA_VERSION) await bring(lanes, location, migrate, opening);
    return new PostgresBroker({ location, lanes, url });
  } catch (error) {
    await lanes.close();
    throw error;
  }
}

/** Opens the schema of a store, without migrating it. */
export async function openPostgresMigrations(url: string): Promise<Migrations> {
  const location = parseLocation(url);
  const { lanes } = await openLanes(location);
  return new PostgresMigrations(lanes, location.schema);
}

async function bring(
  lanes: Lanes,
  { schema }: PostgresLocation,
  migrate: boolean,
  opening: Opening | undefined,
): Promise<void> {
  if (migrate) {
    await new PostgresMigrations(lanes, schema).up();
    return;
  }
  const found = opening === undefined ? "is not there" : `has version ${opening.version}`;
  throw new GangerError(
    "GANGER_BROKER_OLDER",
    `The schema "${schema}" ${found}; this release needs ${SCHEMA_VERSION}`,
    {
      hint: "ganger migrate",
    },
  );
}

interface Opened {
  readonly lanes: Lanes;
  readonly opening: Opening | undefined;
}

/** Opens the first connection, and finds out whether a pool of transactions is in between: it refuses or drops our settings. */
async function openLanes(location: PostgresLocation): Promise<Opened> {
  if (location.isPooled === true) return open(location, true);
  try {
    const opened = await open(location, false);
    const hasSettings = opened.opening?.hasSettings ?? (await hasOurSettings(opened.lanes));
    if (hasSettings || location.isPooled === false) return opened;
    await opened.lanes.close();
  } catch (error) {
    if (!isPoolRefusal(error)) throw error;
  }
  return open(location, true);
}

async function open(location: PostgresLocation, isPooled: boolean): Promise<Opened> {
  const lanes = await withFirst(location, isPooled);
  try {
    return { lanes, opening: await readOpening(lanes.run) };
  } catch (error) {
    await lanes.close();
    throw error;
  }
}

async function hasOurSettings(lanes: Lanes): Promise<boolean> {
  return single(await lanes.runText("select current_setting('enable_seqscan')", [])) === "off";
}

async function withFirst(location: PostgresLocation, isPooled: boolean): Promise<Lanes> {
  const { isSynchronous, schema, connections } = location;
  const client = await connect(location, { isPooled, isSynchronous });
  const lanes = new Lanes({
    location,
    statements: new Statements(schema),
    isPooled,
    isSynchronous,
    max: connections,
  });
  lanes.adopt(client);
  return lanes;
}

async function serverOf(lanes: Lanes): Promise<number> {
  return toNumber(single(await lanes.runText("select current_setting('server_version_num')", [])));
}

/** @throws `GANGER_BROKER_UNSUITED` for a `server_version_num` that is too low. */
export function assertSuited(server: number, location: PostgresLocation): void {
  if (server >= OLDEST_SERVER) return;
  const major = Math.floor(server / 10_000);
  // Before 10 the first two numbers were the major version: 9.6.24 is 90624.
  const version = major < 10 ? `${major}.${Math.floor(server / 100) % 100}` : `${major}.${server % 100}`;
  throw new GangerError("GANGER_BROKER_UNSUITED", `${toPlace(location)} is PostgreSQL ${version}`, {
    hint: "Use PostgreSQL 12 or later.",
  });
}

function readOnly(location: PostgresLocation): GangerError {
  return new GangerError("GANGER_BROKER_READONLY", `${toPlace(location)} takes no writes`, {
    hint: "Name the primary server in the URL, not a replica; look at default_transaction_read_only.",
  });
}
