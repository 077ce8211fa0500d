import type { Outcome } from "../../broker/claim.ts";
import type { Transactions } from "../../broker/transactions.ts";
import { GangerError } from "../../errors.ts";
import type { NewJob } from "../../job/job.ts";
import type { Database } from "./database.ts";
import { enqueueWithin } from "./enqueue.ts";
import { toFailure } from "./failure.ts";
import type { Queues } from "./queues.ts";
import { type MysqlConnection, type Result, toNumber, toResults, toUserConnection } from "./rows.ts";
import type { Sender } from "./session.ts";
import { settle, targetsOf } from "./settle.ts";
import { format, quoteAsHex, type Statement } from "./statement.ts";

/**
 * Enqueues and settles inside a transaction that the user has open on a connection of mysql2's, by callbacks or
 * promises, from a pool or not. Its modes, character set and isolation stay as they are.
 */
export class MysqlTransactions implements Transactions {
  readonly #database: Database;
  readonly #queues: Queues;

  constructor(database: Database, queues: Queues) {
    this.#database = database;
    this.#queues = queues;
  }

  async enqueue(connection: object, jobs: readonly NewJob[]): Promise<readonly string[]> {
    const sender = await this.#join(connection);
    if (jobs.length === 0) return [];
    // On our own connection: a queue is there for all, whatever becomes of the user's transaction.
    await this.#queues.ensure(jobs.map(({ queue }) => queue));
    return this.#telling(async () => {
      const [sizes] = await sender.send([SIZES]);
      const [maxPacket = 0, idStep = 1] = (sizes?.rows[0] ?? []).map(toNumber);
      const store = { database: this.#database, queues: this.#queues };
      // Hexadecimal digits are two a byte.
      return enqueueWithin(store, sender, jobs, { maxPacket: maxPacket / 2, idStep });
    });
  }

  async settle(connection: object, outcomes: readonly Outcome[]): Promise<readonly boolean[]> {
    const sender = await this.#join(connection);
    if (outcomes.length === 0) return [];
    await this.#queues.ensure(targetsOf(outcomes));
    return this.#telling(
      async () => (await settle(this.#database, this.#queues, sender, outcomes)).settled,
    );
  }

  /** @throws `GANGER_TRANSACTION_INVALID` */
  async #join(value: object): Promise<Sender> {
    const connection = toUserConnection(value);
    if (connection === undefined) throw invalid("What was given is no connection of mysql2's");
    const sender = new UserSender(connection);
    const [status] = await sender.send([{ sql: "do 0", values: [] }]).catch((cause: unknown) => {
      throw invalid("The connection that was given cannot be used", cause);
    });
    if (status?.isInTransaction === true) return sender;
    throw invalid("The connection that was given has no transaction open");
  }

  async #telling<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw toFailure(error, "The connection that was given");
    }
  }
}

const SIZES: Statement = { sql: "select @@max_allowed_packet, @@auto_increment_increment", values: [] };

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

function invalid(message: string, cause?: unknown): GangerError {
  return new GangerError("GANGER_TRANSACTION_INVALID", message, {
    cause,
    hint: "Give the connection of mysql2 on which you began the transaction, not its pool.",
  });
}
