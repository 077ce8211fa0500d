import type { Migration, Migrations } from "../../broker/migrate.ts";
import { GangerError } from "../../errors.ts";
import { isAbsent } from "./failure.ts";
import type { Lanes, Run, Script } from "./lanes.ts";
import { single, toNumber } from "./rows.ts";
import { readScript } from "./statements.ts";

/** The newest version of the schema that this release knows; `sql/schema-N.sql` leads to version N, `sql/schema-N-down.sql` back. */
export const SCHEMA_VERSION = 1;

/** The oldest release's schema that can still work with the newest, written beside it. */
const OLDEST_COMPATIBLE = 1;

interface Versions {
  readonly version: number;
  readonly oldest: number;
}

/** The schema of one store. All changes are made in one transaction, under an advisory lock of that schema. */
export class PostgresMigrations implements Migrations {
  readonly latest = SCHEMA_VERSION;
  readonly #lanes: Lanes;
  readonly #schema: string;

  constructor(lanes: Lanes, schema: string) {
    this.#lanes = lanes;
    this.#schema = schema;
  }

  async current(): Promise<number> {
    return this.#lanes.transaction(async (_, script) => (await this.#versions(script)).version);
  }

  async plan(): Promise<readonly Migration[]> {
    return this.#above(await this.current());
  }

  async up(): Promise<readonly Migration[]> {
    return this.#lanes.transaction(async (run, script) => {
      await this.#lock(script);
      const { version, oldest } = await this.#versions(script);
      assertKnown({ version, oldest }, this.#schema);
      const steps = this.#above(version);
      if (version === 0) await this.#makeSchema(script);
      for (const { statements } of steps) await script(statements);
      if (steps.length > 0) await run("setVersion", [SCHEMA_VERSION, OLDEST_COMPATIBLE]);
      return steps;
    });
  }

  async down(version: number): Promise<readonly Migration[]> {
    return this.#lanes.transaction(async (run, script) => {
      await this.#lock(script);
      const { version: found } = await this.#versions(script);
      const steps = toVersions(version + 1, found)
        .toReversed()
        .map((each) => ({ version: each - 1, statements: readScript(`schema-${each}-down`, this.#schema) }));
      for (const { statements } of steps) await script(statements);
      if (version > 0 && steps.length > 0)
        await run("setVersion", [version, Math.min(version, OLDEST_COMPATIBLE)]);
      else if (steps.length > 0) await this.#dropSchema(run, script);
      return steps;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lanes.close();
  }

  #above(version: number): readonly Migration[] {
    return toVersions(version + 1, SCHEMA_VERSION).map((each) => ({
      version: each,
      statements: readScript(`schema-${each}`, this.#schema),
    }));
  }

  async #lock(script: Script): Promise<void> {
    await script("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`${this.#schema} of ganger`]);
  }

  /** Looks whether the table is there first, for an error would end the transaction. */
  async #versions(script: Script): Promise<Versions> {
    const table = `"${this.#schema}".schema_version`;
    const isThere = single(await script("select to_regclass($1) is not null", [table]));
    if (isThere !== true) return { version: 0, oldest: 0 };
    const { rows } = await script(`select version, oldest from ${table}`);
    return { version: toNumber(rows[0]?.[0] ?? 0), oldest: toNumber(rows[0]?.[1] ?? 0) };
  }

  /** Asking for one that is there would need the right to make it. */
  async #makeSchema(script: Script): Promise<void> {
    const { rows } = await script("select 1 from pg_namespace where nspname = $1", [this.#schema]);
    if (rows.length === 0) await script(`create schema "${this.#schema}"`);
  }

  /** A schema that somebody else uses as well stays, and so does one that is not ours to drop. */
  async #dropSchema(_: Run, script: Script): Promise<void> {
    const { rows } = await script(
      `select 1 from pg_namespace n where nspname = $1 and pg_has_role(n.nspowner, 'usage')
        and not exists (select 1 from pg_class c where c.relnamespace = n.oid)
        and not exists (select 1 from pg_proc p where p.pronamespace = n.oid)`,
      [this.#schema],
    );
    if (rows.length > 0) await script(`drop schema "${this.#schema}"`);
  }
}

/** What an opening finds, in the one round trip that it takes; `undefined` when there is nothing of ours. */
export interface Opening extends Versions {
  readonly server: number;
  /** Whether the server has our settings: not so when a pool in between dropped them. */
  readonly hasSettings: boolean;
  readonly isReadOnly: boolean;
}

export async function readOpening(run: Run): Promise<Opening | undefined> {
  try {
    const [row = []] = (await run("opening")).rows;
    const [version, oldest, server, seqscan, isReadOnly] = row;
    return {
      version: toNumber(version),
      oldest: toNumber(oldest),
      server: toNumber(server),
      hasSettings: seqscan === "off",
      isReadOnly: isReadOnly === true,
    };
  } catch (error) {
    if (isAbsent(error instanceof GangerError ? error.cause : error)) return undefined;
    throw error;
  }
}

/** @throws `GANGER_BROKER_NEWER` when a later release has changed what this one relies on. */
export function assertKnown({ version, oldest }: Versions, schema: string): void {
  if (version <= SCHEMA_VERSION || oldest <= SCHEMA_VERSION) return;
  throw new GangerError(
    "GANGER_BROKER_NEWER",
    `The schema "${schema}" has version ${version}, which needs a release that knows ${oldest}; this one knows up to ${SCHEMA_VERSION}`,
    { hint: "Install the newer release of ganger that wrote it." },
  );
}

function toVersions(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, place) => from + place);
}
