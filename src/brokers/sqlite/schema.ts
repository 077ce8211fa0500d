import { withPrefix } from "../../broker/sql.ts";
import { GangerError } from "../../errors.ts";
import type { Connection } from "./connection.ts";
import { toNumber } from "./rows.ts";
import { STEPS, type Step } from "./steps.ts";

/** What a database says of its own schema. */
export interface SchemaState {
  /** 0 for a database without our tables. */
  readonly version: number;
  /** The oldest version that a release may know to work with it. */
  readonly compatible: number;
}

/** The newest version of the schema that this release knows. */
export const SCHEMA_VERSION = latestOf(STEPS);

export function latestOf(steps: readonly Step[]): number {
  return steps.at(-1)?.version ?? 0;
}

/**
 * The state stands in a table of ours, not in `user_version`: the file may be the application's own. Databases of the
 * first releases have no column for the oldest version that can work with them: none but their own can.
 */
export function readState(connection: Connection): SchemaState {
  const { prefix } = connection.location;
  const table = connection.statementOf("schemaTable", "select 1 from sqlite_schema where name = ?");
  if (table.get(`${prefix}_schema`) === undefined) return { version: 0, compatible: 0 };
  const row = connection.statementOf("schemaState", `select * from ${prefix}_schema`).get() ?? [0];
  const version = toNumber(row[0] ?? 0);
  return { version, compatible: toNumber(row[1] ?? version) };
}

/** Takes all steps up that are missing, in the write transaction that is open, and answers which. */
export function climb(connection: Connection, steps: readonly Step[]): readonly Step[] {
  const { version } = readState(connection);
  const missing = steps.filter((step) => step.version > version);
  for (const step of missing) connection.exec(withPrefix(step.up(), connection.location.prefix));
  writeState(connection, missing.at(-1));
  return missing;
}

/** Takes all steps down that are above a version, the newest first, in the write transaction that is open. */
export function descend(connection: Connection, steps: readonly Step[], to: number): readonly Step[] {
  const { prefix } = connection.location;
  const { version } = readState(connection);
  const undone = steps.filter((step) => step.version > to && step.version <= version).toReversed();
  for (const step of undone) connection.exec(withPrefix(step.down(), prefix));
  if (to > 0 && undone.length > 0) writeState(connection, steps[to - 1]);
  else if (undone.length > 0) connection.exec(`drop table ${prefix}_schema`);
  return undone;
}

function writeState(connection: Connection, step: Step | undefined): void {
  if (step === undefined) return;
  const { prefix } = connection.location;
  connection.exec(`create table if not exists ${prefix}_schema (version integer not null) strict`);
  const columns = connection.statementOf("schemaColumns", "select name from pragma_table_info(?)");
  const hasCompatible = columns.all(`${prefix}_schema`).some(([name]) => name === "compatible");
  if (!hasCompatible) connection.exec(`alter table ${prefix}_schema add column compatible integer`);
  connection.exec(`delete from ${prefix}_schema;
    insert into ${prefix}_schema (version, compatible) values (${step.version}, ${step.compatible})`);
}

/** @throws `GANGER_BROKER_NEWER` when a release that knows up to `latest` cannot work with the database. */
export function assertNotTooNew(path: string, { version, compatible }: SchemaState, latest: number): void {
  if (compatible <= latest) return;
  throw new GangerError(
    "GANGER_BROKER_NEWER",
    `${path} has schema version ${version}, for releases that know version ${compatible} or later; this one knows up to ${latest}`,
    { hint: "Install the newer release of ganger that wrote it." },
  );
}
