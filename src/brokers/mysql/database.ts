import { setTimeout as delay } from "node:timers/promises";
import { readStatements } from "../../broker/sql.ts";
import type { Connections } from "./connections.ts";
import { isContention, isDeadlock, isGone, toFailure } from "./failure.ts";
import type { MysqlRow, Result } from "./rows.ts";
import type { Sender, Session } from "./session.ts";
import { type SqlValue, type Statement, toChunks, toConditions } from "./statement.ts";

const SCRIPTS = ["core", "inspect", "edit", "maintenance", "store", "wakeups"];

/** How long a call tries again that others stand in the way of, or that lost its connection. */
const PATIENCE_MS = 20_000;
const LOSS_PATIENCE_MS = 3000;
const MAX_PAUSE_MS = 200;
const COUNT_AFTER_MS = 500;
/** For calls that may read whole tables. */
export const LONG_MS = 120_000;

/** The store: its statements by name, reads, and transactions that are done again when they ran into others. */
export class Database {
  readonly connections: Connections;
  readonly #sql: ReadonlyMap<string, string>;
  /** Transactions that the server took back so that others could go on, and that are not counted in the store yet. */
  #deadlocks = 0;
  #counting: NodeJS.Timeout | undefined;
  /** Variables of the connection that statements speak of: when this call is, and the first id of an insert. */
  readonly nowVariable: string;
  readonly firstVariable: string;

  constructor(connections: Connections) {
    this.connections = connections;
    const { prefix } = connections.location;
    this.nowVariable = `@${prefix}_now`;
    this.firstVariable = `@${prefix}_first`;
    const files = SCRIPTS.map((script) => new URL(`./sql/${script}.sql`, import.meta.url));
    const statements = files.flatMap((file) => Array.from(readStatements(file, prefix)));
    this.#sql = new Map(statements.map(([name, sql]) => [name, withoutRemarks(sql)]));
  }

  /** A statement of the scripts in `sql/`. */
  statement(name: string, ...values: SqlValue[]): Statement {
    return { sql: this.text(name), values };
  }

  /** The same statement for many rows or ids, as often as they do not fit into one. */
  many(name: string, rows: readonly SqlValue[], ...more: SqlValue[]): readonly Statement[] {
    return toChunks(rows).map((chunk) => this.statement(name, chunk, ...more));
  }

  /** A statement about ids, as often as it takes to name them. */
  each(name: string, column: string, ids: readonly number[], ...more: SqlValue[]): readonly Statement[] {
    return toConditions(column, ids).map((condition) => this.statement(name, condition, ...more));
  }

  text(name: string): string {
    const sql = this.#sql.get(name);
    if (sql === undefined) throw new TypeError(`There is no statement ${name}`);
    return sql;
  }

  /** Sends statements that may be done twice, each by itself. Done again when the connection is lost. */
  async send(statements: readonly Statement[], timeoutMs?: number): Promise<readonly Result[]> {
    return this.#retrying((session) => session.send(statements, timeoutMs));
  }

  /** All rows that statements answer with. */
  async rows(statements: readonly Statement[], timeoutMs?: number): Promise<readonly MysqlRow[]> {
    return (await this.send(statements, timeoutMs)).flatMap(({ rows }) => rows);
  }

  /**
   * Runs `work` in a transaction: all of it is kept, or none. It is run again when the server chose it to give
   * way, or when the connection was lost before the commit.
   */
  async write<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    return this.#retrying(async (session, noRetry) => {
      const transaction = new Transaction(session);
      try {
        const result = await work(transaction);
        await transaction.end();
        return result;
      } catch (error) {
        // Nobody knows whether it is done.
        if (transaction.isCommitting && isGone(error)) noRetry();
        await rollBack(session);
        throw error;
      }
    });
  }

  /** Adds the deadlocks that were seen here to the store's own count, which all processes share. */
  async countDeadlocks(): Promise<void> {
    clearTimeout(this.#counting);
    this.#counting = undefined;
    const fresh = this.#deadlocks;
    if (fresh === 0) return;
    this.#deadlocks = 0;
    try {
      await this.send([this.statement("countDeadlocks", fresh)]);
    } catch (error) {
      this.#deadlocks += fresh;
      throw error;
    }
  }

  #noteDeadlock(): void {
    this.#deadlocks++;
    // Not for each: where there is one, there may be many.
    this.#counting ??= setTimeout(() => void this.countDeadlocks().catch(() => {}), COUNT_AFTER_MS).unref();
  }

  async #retrying<T>(work: (session: Session, noRetry: () => void) => Promise<T>): Promise<T> {
    const start = performance.now();
    let mayRetry = true;
    const noRetry = () => {
      mayRetry = false;
    };
    for (let failures = 1; ; failures++) {
      try {
        return await this.connections.use((session) => work(session, noRetry));
      } catch (error) {
        if (isDeadlock(error)) this.#noteDeadlock();
        const elapsed = performance.now() - start;
        const isWorthwhile =
          mayRetry &&
          ((isContention(error) && elapsed < PATIENCE_MS) || (isGone(error) && elapsed < LOSS_PATIENCE_MS));
        if (!isWorthwhile) throw toFailure(error, this.connections.location.title);
        await delay(Math.min(2 ** failures, MAX_PAUSE_MS) * Math.random());
      }
    }
  }
}

/** A remark behind a statement would hide what follows in the same packet. */
function withoutRemarks(sql: string): string {
  return sql
    .replaceAll(/^--.*$/gm, "")
    .trim()
    .replace(/;$/, "");
}

/** A transaction that is begun with its first packet. */
export class Transaction implements Sender {
  readonly session: Session;
  #state: "new" | "begun" | "committing" | "ended" = "new";

  constructor(session: Session) {
    this.session = session;
  }

  get isCommitting(): boolean {
    return this.#state === "committing";
  }

  async send(statements: readonly Statement[]): Promise<readonly Result[]> {
    if (statements.length === 0) return [];
    if (this.#state !== "new") return this.session.send(statements);
    this.#state = "begun";
    return (await this.session.send([BEGIN, ...statements])).slice(1);
  }

  /** Sends the last statements together with the commit. */
  async commit(statements: readonly Statement[]): Promise<readonly Result[]> {
    const isNew = this.#state === "new";
    this.#state = "committing";
    const results = await this.session.send([...(isNew ? [BEGIN] : []), ...statements, COMMIT]);
    this.#state = "ended";
    return results.slice(isNew ? 1 : 0, -1);
  }

  async end(): Promise<void> {
    if (this.#state === "begun") await this.commit([]);
  }
}

const BEGIN: Statement = { sql: "start transaction", values: [] };
const COMMIT: Statement = { sql: "commit", values: [] };
const ROLLBACK: Statement = { sql: "rollback", values: [] };

/** A connection that cannot take back what it began is of no use any more: the server takes it back when it is closed. */
async function rollBack(session: Session): Promise<void> {
  if (!session.isOpen) return;
  try {
    await session.send([ROLLBACK]);
  } catch {
    session.destroy();
  }
}
