import { texts } from "./binary.ts";
import type { Run } from "./lanes.ts";
import { toNumber, toText } from "./rows.ts";

/** The numbers of queues. A queue keeps its number for ever, so that it can be remembered. */
export class Queues {
  readonly #run: Run;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(run: Run) {
    this.#run = run;
  }

  /** The number of a queue that was found or made before. */
  known(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /** Finds the numbers of queues; those that never had a job have none. A round trip for names that are new. */
  async find(names: readonly string[]): Promise<void> {
    const fresh = names.filter((name) => !this.#ids.has(name));
    if (fresh.length > 0) await this.#ask(this.#run, fresh);
  }

  /** Finds the numbers of queues, and makes those that are not there. Answers whether all were known. */
  async ensure(names: Iterable<string>, run: Run = this.#run): Promise<void> {
    let fresh = [...new Set(names)].filter((name) => !this.#ids.has(name));
    if (fresh.length === 0) return;
    await this.#ask(this.#run, fresh);
    fresh = fresh.filter((name) => !this.#ids.has(name));
    if (fresh.length === 0) return;
    // In order, so that two who make the same ones wait for each other in one direction.
    await run("addQueues", [texts(fresh.sort())]);
    await this.#ask(run, fresh);
  }

  async nameOf(id: number): Promise<string> {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    const { rows } = await this.#run("queueNamesOf", [`{${id}}`]);
    for (const row of rows) this.#remember(toNumber(row[0]), toText(row[1]));
    return this.#names.get(id) ?? "";
  }

  /** The name of a queue that `find` or `ensure` was asked for. */
  name(id: number): string {
    return this.#names.get(id) ?? "";
  }

  async #ask(run: Run, names: readonly string[]): Promise<void> {
    const { rows } = await run("queueIds", [texts(names)]);
    for (const row of rows) this.#remember(toNumber(row[0]), toText(row[1]));
  }

  #remember(id: number, name: string): void {
    this.#ids.set(name, id);
    this.#names.set(id, name);
  }
}
