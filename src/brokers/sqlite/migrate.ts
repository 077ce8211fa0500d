import { readFileSync } from "node:fs";
import { withPrefix } from "../../broker/sql.ts";
import { GangerError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import { toNumber } from "./rows.ts";

/** The newest version of the schema that this release knows; `sql/schema-N.sql` leads to version N. */
export const SCHEMA_VERSION = 1;

/**
 * Brings a database to the newest schema, one version at a time, under the write lock.
 *
 * The version stands in a table of ours, not in `user_version`: the file may be the application's own.
 *
 * @throws `GANGER_BROKER_NEWER` when a later release has been here.
 */
export async function migrate(connection: Connection): Promise<void> {
  const { path, prefix } = connection.location;
  if (connection.read(() => version(connection)) === SCHEMA_VERSION) return;
  await connection.write(() => {
    const found = version(connection);
    if (found > SCHEMA_VERSION) {
      throw new GangerError(
        "GANGER_BROKER_NEWER",
        `${path} has schema version ${found}; this release knows up to ${SCHEMA_VERSION}`,
        { hint: "Install the newer release of ganger that wrote it." },
      );
    }
    for (let next = found + 1; next <= SCHEMA_VERSION; next++) {
      connection.exec(withPrefix(readFileSync(schema(next), "utf8"), prefix));
    }
    connection.exec(`create table if not exists ${prefix}_schema (version integer not null) strict;
      delete from ${prefix}_schema; insert into ${prefix}_schema (version) values (${SCHEMA_VERSION})`);
  });
}

function schema(target: number): URL {
  return new URL(`./sql/schema-${target}.sql`, import.meta.url);
}

/** 0 for a database without our tables. */
function version(connection: Connection): number {
  const { prefix } = connection.location;
  const table = connection.statementOf("schemaTable", "select 1 from sqlite_schema where name = ?");
  if (table.get(`${prefix}_schema`) === undefined) return 0;
  return toNumber(
    connection.statementOf("schemaVersion", `select version from ${prefix}_schema`).get()?.[0] ?? 0,
  );
}
