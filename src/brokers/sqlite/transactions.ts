import type { Outcome } from "../../broker/claim.ts";
import type { Note } from "../../broker/edit.ts";
import type { Transactions } from "../../broker/transactions.ts";
import type { NewJob } from "../../job/job.ts";
import { CommitWatch } from "./commit-watch.ts";
import type { Connection } from "./connection.ts";
import { enqueue } from "./enqueue.ts";
import { write } from "./notes.ts";
import { Queues } from "./queues.ts";
import { settle } from "./settle.ts";
import { UserConnection } from "./user-connection.ts";
import type { SqliteWakeups } from "./wakeups.ts";

/** Works in the transactions of users, by the same statements as the broker itself. */
export class SqliteTransactions implements Transactions, Disposable {
  readonly #own: Connection;
  readonly #watch: CommitWatch;
  /** Their statements stay prepared for as long as users keep their connections. */
  readonly #users = new WeakMap<object, UserConnection>();

  constructor(own: Connection, wakeups: SqliteWakeups) {
    this.#own = own;
    this.#watch = new CommitWatch(own, wakeups);
  }

  async enqueue(connection: object, jobs: readonly NewJob[]): Promise<readonly string[]> {
    const user = this.#of(connection);
    return user.write((now) => {
      const { ids, wakes } = enqueue(user, new Queues(user), jobs, now);
      if (wakes) this.#watch.add(user);
      return ids;
    });
  }

  async settle(connection: object, outcomes: readonly Outcome[]): Promise<readonly boolean[]> {
    const user = this.#of(connection);
    return user.write((now) => {
      const { settled, wakes } = settle(user, new Queues(user), outcomes, now);
      if (wakes) this.#watch.add(user);
      return settled;
    });
  }

  /** The broker's own connection would wait for the lock that the transaction has. */
  async annotate(connection: object, notes: readonly Note[]): Promise<readonly boolean[]> {
    const user = this.#of(connection);
    return user.write((now) => notes.map((note) => write(user, note, now)));
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  #of(connection: object): UserConnection {
    const known = this.#users.get(connection);
    if (known !== undefined) return known;
    const user = UserConnection.of(connection, this.#own.location);
    this.#users.set(connection, user);
    return user;
  }
}
