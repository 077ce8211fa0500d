import { readFileSync } from "node:fs";
import type { Migration, Migrations } from "../../broker/migrate.ts";
import { withPrefix } from "../../broker/sql.ts";
import { GangerError } from "../../errors.ts";
import type { Connections } from "./connections.ts";
import { isMissingTable, toFailure } from "./failure.ts";
import { toNumber } from "./rows.ts";
import type { Session } from "./session.ts";
import type { Statement } from "./statement.ts";

/** The newest version of the schema that this release knows; `sql/schema-N.sql` leads to version N, `schema-N-down.sql` back. */
const LATEST = 1;

/** The oldest release's schema that can still work with each version. */
const COMPATIBLE: Readonly<Record<number, number>> = { 1: 1 };

/** How long one statement of a migration may take, and how long another process is waited for that migrates. */
const STATEMENT_MS = 3_600_000;
const LOCK_S = 600;

interface Found {
  readonly version: number;
  readonly compatible: number;
}

/**
 * The schema of one database. Definitions are not part of transactions here, so that each statement may be run
 * twice: a migration that was cut off is done again from its start.
 */
export class MysqlMigrations implements Migrations {
  readonly latest = LATEST;
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  async current(): Promise<number> {
    return (await this.#within(read(this.#prefix))).version;
  }

  async plan(): Promise<readonly Migration[]> {
    return this.#steps((await this.#within(read(this.#prefix))).version);
  }

  async up(): Promise<readonly Migration[]> {
    return this.#locked(async (session) => {
      const found = await read(this.#prefix)(session);
      this.#assertNotNewer(found);
      const steps = this.#steps(found.version);
      for (const { version, statements } of steps) {
        await run(session, statements);
        await this.#record(session, version);
      }
      return steps;
    });
  }

  async down(version: number): Promise<readonly Migration[]> {
    return this.#locked(async (session) => {
      const found = await read(this.#prefix)(session);
      this.#assertNotNewer(found);
      const done: Migration[] = [];
      for (let from = found.version; from > version; from--) {
        const statements = this.#script(`schema-${from}-down`);
        await run(session, statements);
        await this.#record(session, from - 1);
        done.push({ version: from - 1, statements });
      }
      return done;
    });
  }

  /**
   * Sees that this release can work with what is there, and brings it up to date where `migrate` says so.
   *
   * @throws `GANGER_BROKER_NEWER`, `GANGER_BROKER_OLDER`
   */
  async prepare(migrate: boolean): Promise<void> {
    const found = await this.#within(read(this.#prefix));
    this.#assertNotNewer(found);
    if (found.version >= LATEST) return;
    if (migrate) {
      await this.up();
      return;
    }
    const { title } = this.#connections.location;
    const what = found.version === 0 ? "has no tables of ganger's" : `has schema version ${found.version}`;
    throw new GangerError("GANGER_BROKER_OLDER", `${title} ${what}; this release needs ${LATEST}`, {
      hint: "Run: ganger migrate",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connections.close();
  }

  get #prefix(): string {
    return this.#connections.location.prefix;
  }

  #steps(from: number): readonly Migration[] {
    return Array.from({ length: Math.max(0, LATEST - from) }, (_, place) => {
      const version = from + place + 1;
      return { version, statements: this.#script(`schema-${version}`) };
    });
  }

  #script(name: string): string {
    return withPrefix(readFileSync(new URL(`./sql/${name}.sql`, import.meta.url), "utf8"), this.#prefix);
  }

  #assertNotNewer({ version, compatible }: Found): void {
    if (version <= LATEST || compatible <= LATEST) return;
    const { title } = this.#connections.location;
    throw new GangerError(
      "GANGER_BROKER_NEWER",
      `${title} has schema version ${version}, which needs a release that knows ${compatible}; this one knows up to ${LATEST}`,
      { hint: "Install the newer release of ganger." },
    );
  }

  /** The version, and the oldest that can work with it, are one row; it goes with the last table. */
  async #record(session: Session, version: number): Promise<void> {
    const table = `${this.#prefix}_schema`;
    if (version === 0) {
      await session.send([toStatement(`drop table if exists ${table}`)], STATEMENT_MS);
      return;
    }
    await session.send(
      [
        toStatement(`create table if not exists ${table} (
          id int not null primary key, version int not null, compatible int not null) engine = InnoDB`),
        { sql: `replace into ${table} values (1, ?, ?)`, values: [version, COMPATIBLE[version] ?? version] },
      ],
      STATEMENT_MS,
    );
  }

  async #within<T>(work: (session: Session) => Promise<T>): Promise<T> {
    try {
      return await this.#connections.use(work, 0);
    } catch (error) {
      throw toFailure(error, this.#connections.location.title);
    }
  }

  #locked<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#within(async (session) => {
      // A lock's name is one for the whole server, and has 64 characters at most. MySQL has no MD5() from 9.6 on.
      const name = { raw: `concat('ganger ', left(sha2(concat(database(), ' ${this.#prefix}'), 256), 40))` };
      const lock: Statement = { sql: "select get_lock(?, ?)", values: [name, LOCK_S] };
      const [locked] = await session.send([lock], LOCK_S * 1000 + 5000);
      if (toNumber(locked?.rows[0]?.[0]) !== 1) throw this.#notLocked();
      try {
        return await work(session);
      } finally {
        if (session.isOpen) await session.send([{ sql: "do release_lock(?)", values: [name] }]);
      }
    });
  }

  #notLocked(): GangerError {
    const { title } = this.#connections.location;
    return new GangerError("GANGER_BROKER_LOCKED", `${title} is being migrated by another process`, {
      hint: "Try again when it is done: SHOW PROCESSLIST shows what it does.",
    });
  }
}

function read(prefix: string): (session: Session) => Promise<Found> {
  return async (session) => {
    try {
      const [answer] = await session.send([toStatement(`select version, compatible from ${prefix}_schema`)]);
      const [version = 0, compatible = 0] = (answer?.rows[0] ?? []).map(toNumber);
      return { version, compatible };
    } catch (error) {
      if (isMissingTable(error)) return { version: 0, compatible: 0 };
      throw error;
    }
  };
}

async function run(session: Session, script: string): Promise<void> {
  const statements = script
    .replaceAll(/^--.*$/gm, "")
    .split(";")
    .map((text) => text.trim())
    .filter((text) => text !== "");
  for (const statement of statements) await session.send([toStatement(statement)], STATEMENT_MS);
}

function toStatement(sql: string): Statement {
  return { sql, values: [] };
}
