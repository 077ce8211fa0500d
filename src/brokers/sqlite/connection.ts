import { statSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { readStatements } from "../../broker/sql.ts";
import { GangerError } from "../../errors.ts";
import type { SqliteDatabase, SqliteStatement } from "./driver.ts";
import { isBusy, toFailure } from "./failure.ts";
import type { SqliteLocation } from "./location.ts";
import { toNumber } from "./rows.ts";

/** What a write of ours begins and ends with. Each is one statement. */
export interface Bounds {
  readonly begin: readonly string[];
  readonly commit: readonly string[];
  readonly rollback: readonly string[];
}

const OWN_TRANSACTION: Bounds = { begin: ["begin immediate"], commit: ["commit"], rollback: ["rollback"] };

const SCRIPTS = ["core", "inspect", "edit", "maintenance", "store"];

/**
 * One open database: its statements by name, and write transactions that are
 * fair between processes.
 *
 * SQLite's own waiting (`busy_timeout`) backs off to 100 ms while the others
 * take the lock again and again, so that one of four processes starves. Every
 * process here retries by itself, soon and at random; measured in
 * docs/decisions/0002-sqlite-layout-and-write-lock.md.
 */
export class Connection {
  readonly location: SqliteLocation;
  readonly #database: SqliteDatabase;
  readonly #sql: ReadonlyMap<string, string>;
  readonly #bounds: Bounds;
  /** Called when what was written, and perhaps read back, is undone. */
  onRollback: () => void = () => undefined;
  readonly #inode: number | undefined;
  #isOpen = true;
  readonly #prepared = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase, location: SqliteLocation, bounds = OWN_TRANSACTION) {
    this.#database = database;
    this.#bounds = bounds;
    this.location = location;
    this.#inode = inodeOf(location.path);
    const files = SCRIPTS.map((script) => new URL(`./sql/${script}.sql`, import.meta.url));
    this.#sql = new Map(files.flatMap((file) => Array.from(readStatements(file, location.prefix))));
  }

  /** A statement of the scripts in `sql/`, prepared at its first use. */
  statement(name: string): SqliteStatement {
    const known = this.#prepared.get(name);
    return known ?? this.statementOf(name, this.text(name));
  }

  /** A statement whose text is made at run time; kept by its name. */
  statementOf(name: string, sql: string): SqliteStatement {
    const known = this.#prepared.get(name);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#prepared.set(name, statement);
    return statement;
  }

  text(name: string): string {
    const sql = this.#sql.get(name);
    if (sql === undefined) throw new TypeError(`There is no statement ${name}`);
    return sql;
  }

  /** Runs a script of several statements. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** The store's clock, in milliseconds since 1970. */
  now(): number {
    return toNumber(this.statement("now").get()?.[0]);
  }

  /**
   * Runs `work` in a write transaction: all of it is kept, or none. Waits its turn
   * for 30 s at most. Nothing of this connection comes between begin and commit,
   * for there is no await between them.
   */
  async write<T>(work: (now: number) => T): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 1.5, MAX_WAIT_MS)) {
      this.assertUsable();
      if (this.#begin(deadline)) return this.#finish(work);
      const pauseMs = waitMs * (0.5 + Math.random());
      // Timers tick in milliseconds: shorter pauses must be slept through, longer ones let jobs run meanwhile.
      if (pauseMs < 1) Atomics.wait(sleeper, 0, 0, pauseMs);
      else await delay(pauseMs);
    }
  }

  /** Runs reads that see one moment of the store. */
  read<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw toFailure(error, this.location.path);
    }
  }

  close(): void {
    this.#isOpen = false;
    this.#database.close();
  }

  /**
   * A deleted or replaced file would be written to by nobody but those who had
   * it open: what others enqueue would wait for ever, and nobody would say so.
   */
  assertInPlace(): void {
    const { path } = this.location;
    if (this.#inode === inodeOf(path)) return;
    throw new GangerError("GANGER_BROKER_UNREACHABLE", `${path} was deleted or replaced while it was open`, {
      hint: "Put the file back, or restart everything that has it open.",
    });
  }

  /** A call may wait for the lock while the broker is closed. @internal */
  assertUsable(): void {
    if (this.#isOpen) return;
    throw new GangerError("GANGER_BROKER_CLOSED", "The sqlite broker was closed during a call", {
      hint: "Await its calls before you close it.",
    });
  }

  /** False when another connection has the write lock, until the deadline. */
  #begin(deadline: number): boolean {
    try {
      this.#runAll(this.#bounds.begin);
      return true;
    } catch (error) {
      if (isBusy(error) && performance.now() < deadline) return false;
      throw toFailure(error, this.location.path);
    }
  }

  #finish<T>(work: (now: number) => T): T {
    try {
      const result = work(this.now());
      this.#runAll(this.#bounds.commit);
      return result;
    } catch (error) {
      this.#rollback();
      this.onRollback();
      throw toFailure(error, this.location.path);
    }
  }

  #rollback(): void {
    try {
      this.#runAll(this.#bounds.rollback);
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (!/no transaction is active|no such savepoint/.test(String(error))) throw error;
    }
  }

  #runAll(statements: readonly string[]): void {
    for (const sql of statements) this.statementOf(sql, sql).run();
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const FIRST_WAIT_MS = 0.1;
const MAX_WAIT_MS = 2;
const PATIENCE_MS = 30_000;

/** The row of an id; an id that is not this store's has none. */
export function toRowId(id: string): number {
  const number = Number(id);
  return Number.isSafeInteger(number) && number > 0 && String(number) === id ? number : NO_ROW;
}

const NO_ROW = -1;
