import type { Broker } from "../../broker/broker.ts";
import type { Migrations, OpenOptions } from "../../broker/migrate.ts";
import { SqliteBroker } from "./broker.ts";
import { Connection } from "./connection.ts";
import { parseLocation } from "./location.ts";
import { migrate } from "./migrate.ts";
import { SqliteMigrations } from "./migrations.ts";
import { openFile } from "./open-file.ts";

/**
 * Opens the embedded broker: `sqlite:PATH?synchronous=full|normal|off&prefix=NAME`.
 * The file and its tables are made when they are not there; its folder must be.
 */
export async function openSqlite(
  url: string,
  { migrate: mayMigrate = true }: OpenOptions = {},
): Promise<Broker> {
  const location = parseLocation(url);
  const database = await openFile(location);
  try {
    const connection = new Connection(database, location);
    await migrate(connection, mayMigrate);
    return new SqliteBroker(connection, url);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the schema of a database, and does nothing to it. */
export async function openSqliteMigrations(url: string): Promise<Migrations> {
  return new SqliteMigrations(parseLocation(url));
}
