import type { Database } from "./database.ts";
import { toNumber, toText } from "./rows.ts";

/**
 * The numbers of queues. A queue keeps its number for ever, so that it can be remembered. New ones are made in
 * a transaction of their own: those who need the same one at the same time do not wait for each other's jobs.
 */
export class Queues {
  readonly #database: Database;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The number of a queue that was looked up before. */
  known(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /** The numbers of those queues of a list that ever had a job, in its order, each once. */
  async find(names: readonly string[]): Promise<readonly number[]> {
    await this.#look(names);
    return [...new Set(names.map((name) => this.#ids.get(name)).filter((id) => id !== undefined))];
  }

  /** Makes those queues that are not there. Their numbers are `known` after it. */
  async ensure(names: Iterable<string>): Promise<void> {
    const all = [...new Set(names)];
    await this.#look(all);
    const missing = all.filter((name) => !this.#ids.has(name)).sort();
    if (missing.length === 0) return;
    await this.#database.send(
      this.#database.many(
        "addQueues",
        missing.map((name) => [name]),
      ),
    );
    await this.#look(missing);
  }

  async ensureOne(name: string): Promise<number> {
    await this.ensure([name]);
    return this.number(name);
  }

  /** The number of a queue that was ensured. */
  number(name: string): number {
    const id = this.#ids.get(name);
    if (id === undefined) throw new TypeError(`The queue ${name} was not looked up`);
    return id;
  }

  nameOf(id: number): string {
    return this.#names.get(id) ?? "";
  }

  async #look(names: readonly string[]): Promise<void> {
    const unknown = names.filter((name) => !this.#ids.has(name));
    if (unknown.length === 0) return;
    for (const [id, name] of await this.#database.rows(this.#database.many("queueIds", unknown))) {
      this.#ids.set(toText(name), toNumber(id));
      this.#names.set(toNumber(id), toText(name));
    }
  }
}
