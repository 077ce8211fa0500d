import { existsSync } from "node:fs";
import type { Migration, Migrations } from "../../broker/migrate.ts";
import { withPrefix } from "../../broker/sql.ts";
import { GangerError } from "../../errors.ts";
import { Connection } from "./connection.ts";
import { openDatabase } from "./driver.ts";
import { toFailure } from "./failure.ts";
import type { SqliteLocation } from "./location.ts";
import { openFile } from "./open-file.ts";
import { assertNotTooNew, climb, descend, latestOf, readState } from "./schema.ts";
import { STEPS, type Step } from "./steps.ts";

/** The schema of a SQLite file. Looking at it makes no file. */
export class SqliteMigrations implements Migrations {
  readonly latest: number;
  readonly #location: SqliteLocation;
  readonly #steps: readonly Step[];
  #connection: Connection | undefined;

  constructor(location: SqliteLocation, steps = STEPS) {
    this.#location = location;
    this.#steps = steps;
    this.latest = latestOf(steps);
  }

  async current(): Promise<number> {
    return (await this.#state()).version;
  }

  async plan(): Promise<readonly Migration[]> {
    const state = await this.#state();
    this.#assertKnown(state);
    return this.#steps
      .filter(({ version }) => version > state.version)
      .map((step) => this.#toMigration(step, "up"));
  }

  async up(): Promise<readonly Migration[]> {
    const connection = await this.#open();
    const done = await connection.write(() => {
      this.#assertKnown(readState(connection));
      return climb(connection, this.#steps);
    });
    return done.map((step) => this.#toMigration(step, "up"));
  }

  async down(version: number): Promise<readonly Migration[]> {
    if (!existsSync(this.#location.path)) return [];
    const connection = await this.#open();
    const done = await connection.write(() => {
      const state = readState(connection);
      if (state.version > this.latest) throw this.#unknownWay(state.version);
      return descend(connection, this.#steps, version);
    });
    return done.map((step) => this.#toMigration(step, "down"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #state() {
    const { path } = this.#location;
    if (this.#connection !== undefined) return this.#read(this.#connection);
    if (!existsSync(path)) return { version: 0, compatible: 0 };
    const connection = new Connection(await this.#openAsItIs(path), this.#location);
    try {
      return this.#read(connection);
    } finally {
      connection.close();
    }
  }

  #read(connection: Connection) {
    return connection.read(() => readState(connection));
  }

  async #openAsItIs(path: string) {
    try {
      return await openDatabase(path);
    } catch (error) {
      throw toFailure(error, path);
    }
  }

  async #open(): Promise<Connection> {
    this.#connection ??= new Connection(await openFile(this.#location), this.#location);
    return this.#connection;
  }

  #assertKnown(state: { readonly version: number; readonly compatible: number }): void {
    assertNotTooNew(this.#location.path, state, this.latest);
  }

  #unknownWay(version: number): GangerError {
    return new GangerError(
      "GANGER_BROKER_NEWER",
      `${this.#location.path} has schema version ${version}, and this release knows no way back from there`,
      { hint: "Take it back with the release that has migrated it." },
    );
  }

  #toMigration({ version, up, down }: Step, way: "up" | "down"): Migration {
    const statements = withPrefix(way === "up" ? up() : down(), this.#location.prefix);
    return { version, statements };
  }
}
