import type { Broker } from "../../broker/broker.ts";
import type { Migrations, OpenOptions } from "../../broker/migrate.ts";
import { MysqlBroker } from "./broker.ts";
import { Connections } from "./connections.ts";
import { loadMysql2 } from "./driver.ts";
import { parseLocation } from "./location.ts";
import { MysqlMigrations } from "./migrate.ts";

/**
 * Opens a broker on MySQL or MariaDB: `mysql://USER:PASSWORD@HOST:PORT/DATABASE?prefix=NAME&tls=…`.
 * Its tables are made when they are not there; the database must be.
 */
export async function openMysql(url: string, { migrate = true }: OpenOptions = {}): Promise<Broker> {
  const connections = await connect(url);
  try {
    await new MysqlMigrations(connections).prepare(migrate);
    return new MysqlBroker(connections, url);
  } catch (error) {
    await connections.close();
    throw error;
  }
}

export async function mysqlMigrations(url: string): Promise<Migrations> {
  return new MysqlMigrations(await connect(url));
}

async function connect(url: string): Promise<Connections> {
  const location = parseLocation(url);
  return new Connections(await loadMysql2(), location);
}
