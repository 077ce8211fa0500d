import type { Outcome } from "../../broker/claim.ts";
import type { Transactions } from "../../broker/transactions.ts";
import { GangerError } from "../../errors.ts";
import type { NewJob } from "../../job/job.ts";
import type { Database } from "./database.ts";
import { enqueueWithin } from "./enqueue.ts";
import { isReadOnly, toFailure } from "./failure.ts";
import type { Queues } from "./queues.ts";
import { type MysqlConnection, type Result, toNumber, toResults, toText, toUserConnection } from "./rows.ts";
import type { Sender } from "./session.ts";
import { settle, targetsOf } from "./settle.ts";
import { format, quoteAsHex, type Statement } from "./statement.ts";

/**
 * Enqueues and settles inside a transaction that the user has open on a connection of mysql2's, by callbacks or
 * promises, from a pool or not. Its modes, character set and isolation stay as they are; bounds on what a statement
 * may do or answer are lifted for ours and put back.
 */
export class MysqlTransactions implements Transactions {
  readonly #database: Database;
  readonly #queues: Queues;
  #place: string | undefined;

  constructor(database: Database, queues: Queues) {
    this.#database = database;
    this.#queues = queues;
  }

  async enqueue(connection: object, jobs: readonly NewJob[]): Promise<readonly string[]> {
    const joined = await this.#join(connection);
    const { sender, maxPacket, idStep } = joined;
    if (jobs.length === 0) return [];
    // On our own connection: a queue is there for all, whatever becomes of the user's transaction.
    await this.#queues.ensure(jobs.map(({ queue }) => queue));
    const store = { database: this.#database, queues: this.#queues };
    // Hexadecimal digits are two a byte.
    const sizes = { maxPacket: maxPacket / 2, idStep };
    return this.#whole(joined, () => enqueueWithin(store, sender, jobs, sizes));
  }

  async settle(connection: object, outcomes: readonly Outcome[]): Promise<readonly boolean[]> {
    const joined = await this.#join(connection);
    if (outcomes.length === 0) return [];
    await this.#queues.ensure(targetsOf(outcomes));
    const { settled } = await this.#whole(joined, () =>
      settle(this.#database, this.#queues, joined.sender, outcomes),
    );
    return settled;
  }

  /** @throws `GANGER_TRANSACTION_INVALID` */
  async #join(value: object): Promise<Joined> {
    const connection = toUserConnection(value);
    if (connection === undefined) throw invalid("What was given is no connection of mysql2's");
    const sender = new UserSender(connection);
    const [status, place] = await sender.send([SAVE, PLACE]).catch((cause: unknown) => {
      throw invalid("The connection that was given cannot be used", cause);
    });
    if (status?.isInTransaction !== true)
      throw invalid("The connection that was given has no transaction open");
    const [maxPacket, idStep, bounds, ...names] = place?.rows[0] ?? [];
    this.#place ??= toPlace((await this.#database.rows([PLACE]))[0]?.slice(3));
    if (toPlace(names) !== this.#place) {
      throw invalid("The connection that was given is to another database than the broker's");
    }
    return { sender, maxPacket: toNumber(maxPacket), idStep: toNumber(idStep), bounds: toText(bounds) };
  }

  /** What is done is done as a whole, from the savepoint on that `join` has set, also when the user commits after it failed. */
  async #whole<T>({ sender, bounds }: Joined, work: () => Promise<T>): Promise<T> {
    const areBounded = bounds !== NO_BOUNDS;
    try {
      if (areBounded) await sender.send([setBounds(NO_BOUNDS)]);
      return await work();
    } catch (error) {
      // After a deadlock there is neither a transaction nor a point in it any more.
      await sender.send([RETURN]).catch(() => {});
      if (isReadOnly(error)) throw readOnly(error);
      throw toFailure(error, "The connection that was given");
    } finally {
      if (areBounded) await sender.send([setBounds(bounds)]).catch(() => {});
    }
  }
}

interface Joined {
  readonly sender: Sender;
  readonly maxPacket: number;
  readonly idStep: number;
  /** What the session bounds statements by, as `setBounds` takes it. */
  readonly bounds: string;
}

/** Tells by its answer whether a transaction is open; where none is, it does nothing. The next one takes its place, or the end of the transaction; one of the user's with this name would be lost. */
const SAVE: Statement = { sql: "savepoint ganger_call", values: [] };
const RETURN: Statement = { sql: "rollback to savepoint ganger_call", values: [] };

/** What the connection allows, and where it leads. With a limit of its own, as the session may have one of nothing. */
const PLACE: Statement = {
  sql: `select @@max_allowed_packet, @@auto_increment_increment,
    concat(@@sql_safe_updates, ' ', @@sql_select_limit, ' ', @@sql_big_selects), database(), @@hostname, @@port limit 1`,
  values: [],
};
const NO_BOUNDS = "0 18446744073709551615 1";

/**
 * With safe updates the server refuses deletions that name rows by more than their key; with a limit it would leave out
 * jobs that are held, and with a bound on joins refuse to read them.
 */
function setBounds(bounds: string): Statement {
  const [safe = "", limit = "", big = ""] = bounds.split(" ");
  return {
    sql: `set sql_safe_updates = ${safe}, sql_select_limit = ${limit}, sql_big_selects = ${big}`,
    values: [],
  };
}

function toPlace(names: readonly unknown[] | undefined): string {
  return JSON.stringify((names ?? []).map(toText));
}

/** Statements one by one, as whether several may go together is a setting of the user's. */
class UserSender implements Sender {
  readonly #connection: MysqlConnection;

  constructor(connection: MysqlConnection) {
    this.#connection = connection;
  }

  async send(statements: readonly Statement[]): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const statement of statements) results.push(...toResults(await this.#query(statement), 1));
    return results;
  }

  #query(statement: Statement): Promise<unknown> {
    const sql = format(statement, quoteAsHex);
    return new Promise((resolve, reject) => {
      this.#connection.query({ sql, rowsAsArray: true, typeCast: true, values: null }, (error, results) => {
        if (error === null || error === undefined) resolve(results);
        else reject(error);
      });
    });
  }
}

function readOnly(cause: unknown): GangerError {
  return new GangerError(
    "GANGER_TRANSACTION_INVALID",
    "The transaction on the connection that was given is read-only",
    {
      cause,
      hint: "Begin it with: start transaction read write",
    },
  );
}

function invalid(message: string, cause?: unknown): GangerError {
  return new GangerError("GANGER_TRANSACTION_INVALID", message, {
    cause,
    hint: "Give the connection of mysql2 on which you began the transaction, not its pool.",
  });
}
