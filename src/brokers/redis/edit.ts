import {
  type Edit,
  MAX_LOG_LINE_LENGTH,
  MAX_LOG_LINES,
  type Note,
  type TagChange,
} from "../../broker/edit.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import type { JobState } from "../../job/states.ts";
import type { Connection } from "./connection.ts";
import { toDetail } from "./exchange.ts";
import { find } from "./find.ts";
import { toList, toNumber, toText } from "./rows.ts";

/** The places of a queue where jobs of a state are: finished ones, which `clear` deletes, and others, which it cancels. */
const FINISHED: Places = { completed: ["done", "kept"], failed: ["failed"], cancelled: ["cancelled"] };
const PENDING: Places = { waiting: ["wait", "rank"], scheduled: ["later"] };

type Places = Readonly<Partial<Record<JobState, readonly string[]>>>;

export class RedisEdit implements Edit {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  cancel(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#each(ids, ["cancel", "", DEFAULT_KEEP_MS.cancelled, ""]);
  }

  retry(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#each(ids, ["retry", "", 0, ""]);
  }

  move(ids: readonly string[], queue: string): Promise<readonly boolean[]> {
    return this.#each(ids, ["move", queue, 0, toDetail(queue)]);
  }

  prioritize(ids: readonly string[], priority: number): Promise<readonly boolean[]> {
    return this.#each(ids, ["prioritize", priority, 0, ""]);
  }

  async tag(ids: readonly string[], change: TagChange): Promise<readonly boolean[]> {
    const changed: boolean[] = [];
    for (const id of ids) changed.push(await this.#tag(id, change));
    return changed;
  }

  async clear(queue: string, state?: JobState): Promise<number> {
    const placesOf = (places: Places) =>
      state === undefined ? Object.values(places).flat() : (places[state] ?? []);
    const pending = placesOf(PENDING);
    // In this order: what is cancelled now is to be looked at for a while.
    let places: readonly string[] = [...placesOf(FINISHED), ...pending];
    let total = 0;
    for (let touched = CHUNK; touched === CHUNK && places.length > 0; total += touched) {
      const args = [queue, DEFAULT_KEEP_MS.cancelled, CHUNK, ...places];
      const [number = 0, cancels = 0] = toList(await this.#connection.run("clear", args)).map(toNumber);
      if (cancels === 1) places = pending;
      touched = number;
    }
    return total;
  }

  async annotate(notes: readonly Note[]): Promise<readonly boolean[]> {
    if (notes.length === 0) return [];
    const args = notes.flatMap(({ id, token, progress = "", log = [] }) => {
      const lines = log
        .slice(-MAX_LOG_LINES)
        .map((line) => JSON.stringify(line.slice(0, MAX_LOG_LINE_LENGTH)));
      return [id, token, progress, lines.length, ...lines];
    });
    return toFlags(await this.#connection.run("annotate", [MAX_LOG_LINES, ...args]));
  }

  /** Some hundreds of jobs at a time: the server does nothing else meanwhile. */
  async #each(ids: readonly string[], head: (string | number)[]): Promise<readonly boolean[]> {
    const changed: boolean[] = [];
    for (let from = 0; from < ids.length; from += FEW) {
      const part = ids.slice(from, from + FEW);
      changed.push(...toFlags(await this.#connection.run("edit", [...head, ...part])));
    }
    return changed;
  }

  /** Again and again until nobody comes between reading and writing. */
  async #tag(id: string, { add = [], remove = [] }: TagChange): Promise<boolean> {
    for (;;) {
      const [job] = await find(this.#connection, [id]);
      if (job === undefined) return false;
      const known = await this.#connection.call("HGET", "tags", id);
      const tags = new Set([...job.tags, ...add]);
      for (const tag of remove) tags.delete(tag);
      const args = [id, known === null ? "" : toText(known), JSON.stringify([...tags])];
      const answer = toNumber(await this.#connection.run("tag", args));
      if (answer !== 0) return answer > 0;
    }
  }
}

const CHUNK = 2000;
const FEW = 500;

function toFlags(answer: unknown): readonly boolean[] {
  return Array.from(toText(answer), (flag) => flag === "1");
}
