import type { Connection } from "./connection.ts";
import { toNumber, toText } from "./rows.ts";

/** The numbers of queues. A queue keeps its number for ever, so that it can be remembered until a rollback takes it back. */
export class Queues {
  readonly #connection: Connection;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.onRollback = () => {
      this.#ids.clear();
      this.#names.clear();
    };
  }

  /** The number of a queue, or `undefined` when it never had a job. */
  find(name: string): number | undefined {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = this.#connection.statement("queueId").get(name)?.[0];
    return id === undefined ? undefined : this.#remember(toNumber(id), name);
  }

  /** The number of a queue, which is made when there is none. In a write transaction. */
  ensure(name: string): number {
    const known = this.find(name);
    if (known !== undefined) return known;
    this.#connection.statement("addQueue").run(name);
    return toNumber(this.#connection.statement("queueId").get(name)?.[0]);
  }

  nameOf(id: number): string {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const name = toText(this.#connection.statement("queueName").get(id)?.[0]);
    this.#remember(id, name);
    return name;
  }

  #remember(id: number, name: string): number {
    this.#ids.set(name, id);
    this.#names.set(id, name);
    return id;
  }
}
