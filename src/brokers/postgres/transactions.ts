import type { Outcome } from "../../broker/claim.ts";
import type { Transactions } from "../../broker/transactions.ts";
import { GangerError } from "../../errors.ts";
import type { NewJob } from "../../job/job.ts";
import { toPayload } from "./announcements.ts";
import { enqueue } from "./enqueue.ts";
import type { Run } from "./lanes.ts";
import type { Queues } from "./queues.ts";
import { asUserConnection, codeOf, type PgResult, type UserConnection } from "./rows.ts";
import { settle } from "./settle.ts";
import type { Statements } from "./statements.ts";

interface TransactionsOptions {
  readonly statements: Statements;
  readonly queues: Queues;
  readonly channel: string;
  /** On a connection of our own. */
  readonly run: Run;
}

/**
 * Enqueues and settles on a user's own connection, inside the transaction that is open there: a client of
 * `pg`, one that was taken from its pool, or anything else with `query(text, values)` that answers with rows.
 */
export class PostgresTransactions implements Transactions {
  readonly #statements: Statements;
  readonly #queues: Queues;
  readonly #channel: string;
  readonly #ownRun: Run;
  #place: unknown;

  constructor({ statements, queues, channel, run }: TransactionsOptions) {
    this.#statements = statements;
    this.#ownRun = run;
    this.#queues = queues;
    this.#channel = channel;
  }

  async enqueue(connection: object, jobs: readonly NewJob[]): Promise<readonly string[]> {
    const run = await this.#open(connection);
    if (jobs.length === 0) return [];
    // On our own connection, and kept whatever becomes of the user's: a queue that is made in their transaction
    // would keep all others from making it until that ends.
    await this.#queues.ensure(jobs.map(({ queue }) => queue));
    const { ids, news } = await enqueue(run, this.#queues, jobs);
    const names = [...new Set(jobs.map(({ queue }) => queue))];
    await run("notify", [this.#channel, news.scheduled === undefined ? toPayload(names) : ""]);
    return ids;
  }

  async settle(connection: object, outcomes: readonly Outcome[]): Promise<readonly boolean[]> {
    const run = await this.#open(connection);
    const { settled, requeued } = await settle(
      { run, transact: (work) => work(run), queues: this.#queues },
      outcomes,
    );
    if (requeued !== undefined) await run("notify", [this.#channel, String(requeued)]);
    return settled;
  }

  /** @throws `GANGER_TRANSACTION_INVALID` for what is no connection, is of another database, or has no transaction open. */
  async #open(connection: object): Promise<Run> {
    const user = asUserConnection(connection);
    if (user === undefined) throw invalid("This is no connection of pg: it has no query method");
    const run = toRun(user, this.#statements);
    const [isOpen, place] = (await attempt(() => run("inTransaction"))).rows[0] ?? [];
    if (!isOpen) throw invalid("No transaction is open on this connection");
    if (!(await this.#isOurs(place))) throw foreign();
    return run;
  }

  /** Ours is another one once the server was started again: it is asked before a connection is refused. */
  async #isOurs(place: unknown): Promise<boolean> {
    if (place !== this.#place) this.#place = (await this.#ownRun("inTransaction")).rows[0]?.[1];
    return place === this.#place;
  }
}

/** An error with a code of the server's is about what it was asked; any other is about the connection. */
async function attempt(work: () => Promise<PgResult>): Promise<PgResult> {
  try {
    return await work();
  } catch (error) {
    const code = codeOf(error);
    if (code === "25P02") throw invalid("The transaction on this connection has failed already", error);
    if (code === undefined) throw invalid("This connection cannot be used", error);
    throw error;
  }
}

function toRun(user: UserConnection, statements: Statements): Run {
  return async (name, values = []): Promise<PgResult> => {
    try {
      const { rows } = await user.query(statements.text(name), [...values]);
      return { rows: rows.map((row) => Object.values(row)), rowCount: rows.length };
    } catch (error) {
      throw codeOf(error) === "25006" ? readOnly(error) : error;
    }
  };
}

function foreign(): GangerError {
  return invalid("This connection is of another database than the broker's");
}

function readOnly(cause: unknown): GangerError {
  return new GangerError("GANGER_TRANSACTION_INVALID", "The transaction on this connection is read-only", {
    cause,
    hint: "Begin it with: begin read write",
  });
}

function invalid(message: string, cause?: unknown): GangerError {
  return new GangerError("GANGER_TRANSACTION_INVALID", message, {
    cause,
    hint: "Give a client of pg, or one from its pool, on which BEGIN was sent; not the pool itself.",
  });
}
