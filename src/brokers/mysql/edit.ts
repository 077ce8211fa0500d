import type { Edit, Note, TagChange } from "../../broker/edit.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { toTags } from "../../broker/sql-rows.ts";
import type { JobRecord } from "../../job/job.ts";
import type { JobState } from "../../job/states.ts";
import { annotate } from "./annotate.ts";
import { clear } from "./clear.ts";
import type { Database, Transaction } from "./database.ts";
import { toRowId } from "./ids.ts";
import { FINISHED, Moves, type Moving } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { toNumber, toRecord } from "./rows.ts";
import { dropRows, lockRows, PENDING } from "./state-rows.ts";
import { toTagText } from "./tags.ts";
import type { MysqlWakeups } from "./wakeups.ts";

/** Jobs that one transaction changes at most. */
const PART = 500;
/** A job that moved on while it was being locked is looked at again so often. */
const MAX_LOOKS = 5;

interface Change {
  readonly states: readonly JobState[];
  /** Whether the job leaves the row that was locked. */
  readonly leaves: (job: JobRecord) => boolean;
  readonly apply: (moves: Moves, job: JobRecord, at: Moving, now: number) => void;
}

export class MysqlEdit implements Edit {
  readonly #database: Database;
  readonly #queues: Queues;
  readonly #wakeups: MysqlWakeups;

  constructor(database: Database, queues: Queues, wakeups: MysqlWakeups) {
    this.#database = database;
    this.#queues = queues;
    this.#wakeups = wakeups;
  }

  cancel(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#each(ids, {
      states: [...PENDING, "running"],
      leaves: () => true,
      apply(moves, { state }, at, now) {
        moves.addHistory({ id: at.id, now, event: "cancelled", detail: `while ${state}` });
        moves.finish(at, { state: FINISHED.cancelled, now, keepMs: DEFAULT_KEEP_MS.cancelled });
      },
    });
  }

  retry(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#each(ids, {
      states: ["failed"],
      leaves: () => true,
      apply(moves, { priority }, at, now) {
        moves.change("revive", [at.id]);
        moves.addHistory({ id: at.id, now, event: "revived" });
        moves.putBack(at, priority);
      },
    });
  }

  async move(ids: readonly string[], queue: string): Promise<readonly boolean[]> {
    const target = await this.#queues.ensureOne(queue);
    return this.#each(ids, {
      states: PENDING,
      leaves: ({ state }) => state === "waiting",
      apply(moves, { state, priority }, at, now) {
        moves.change("setQueue", target, [at.id]);
        moves.addHistory({ id: at.id, now, event: "moved", detail: queue });
        if (state === "waiting") moves.putBack({ ...at, queue: target }, priority);
      },
    });
  }

  prioritize(ids: readonly string[], priority: number): Promise<readonly boolean[]> {
    return this.#each(ids, {
      states: PENDING,
      leaves: ({ state }) => state === "waiting",
      apply(moves, { state }, at) {
        moves.change("setPriority", priority, [at.id]);
        if (state === "waiting") moves.putBack(at, priority);
      },
    });
  }

  async tag(ids: readonly string[], { add = [], remove = [] }: TagChange): Promise<readonly boolean[]> {
    const rows = [...new Set(ids.map(toRowId))].sort((a, b) => a - b);
    const changed = new Set<number>();
    for (let from = 0; from < rows.length; from += PART) {
      const part = rows.slice(from, from + PART);
      await this.#database.write(async (transaction) => {
        const [found] = await transaction.send([this.#database.statement("tagsOf", part)]);
        const statements = (found?.rows ?? []).map(([id, text]) => {
          const tags = new Set([...toTags(text), ...add]);
          for (const tag of remove) tags.delete(tag);
          return this.#database.statement("setTags", toTagText([...tags]), toNumber(id));
        });
        await transaction.commit(statements);
        for (const [id] of found?.rows ?? []) changed.add(toNumber(id));
      });
    }
    return ids.map((id) => changed.has(toRowId(id)));
  }

  async clear(queue: string, state?: JobState): Promise<number> {
    const [number] = await this.#queues.find([queue]);
    if (number === undefined) return 0;
    return clear(this.#database, number, state);
  }

  annotate(notes: readonly Note[]): Promise<readonly boolean[]> {
    return annotate(this.#database, notes);
  }

  /** Changes those jobs that are in one of these states, some in each transaction, and wakes who may care. */
  async #each(ids: readonly string[], change: Change): Promise<readonly boolean[]> {
    const answers: boolean[] = [];
    for (const part of toParts(ids)) {
      const { changed, isNews } = await this.#database.write((transaction) =>
        this.#change(transaction, part, change),
      );
      answers.push(...part.map((id) => changed.has(id)));
      if (isNews) this.#wakeups.announce();
    }
    return answers;
  }

  async #change(
    transaction: Transaction,
    ids: readonly string[],
    { states, leaves, apply }: Change,
  ): Promise<{ readonly changed: ReadonlySet<string>; readonly isNews: boolean }> {
    const moves = new Moves(this.#database);
    const left: JobRecord[] = [];
    const changed = new Set<string>();
    let open = ids.map(toRowId).sort((a, b) => a - b);
    for (let look = 0; open.length > 0 && look < MAX_LOOKS; look++) {
      const [clock, ...found] = await transaction.send([
        this.#database.statement("now"),
        ...this.#database.many("records", open),
      ]);
      const now = toNumber(clock?.rows[0]?.[0]);
      const jobs = found
        .flatMap(({ rows }) => rows.map(toRecord))
        .filter(({ state }) => states.includes(state));
      await this.#queues.find(jobs.map(({ queue }) => queue));
      const tokens = await lockRows(this.#database, transaction, jobs, this.#queues);
      open = [];
      for (const job of jobs) {
        const id = toRowId(job.id);
        const token = tokens.get(id);
        if (token === undefined) {
          open.push(id);
          continue;
        }
        changed.add(job.id);
        if (leaves(job)) left.push(job);
        apply(moves, job, { id, token, queue: this.#queues.number(job.queue) }, now);
      }
    }
    await moves.apply(transaction, dropRows(this.#database, left, this.#queues));
    // Whoever runs a job must hear that it is cancelled.
    return { changed, isNews: moves.isNews || left.some(({ state }) => state === "running") };
  }
}

/** Some ids at a time, none of them twice in one part. */
function toParts(ids: readonly string[]): readonly (readonly string[])[] {
  const parts: Set<string>[] = [];
  for (const id of ids) {
    const part = parts.at(-1);
    if (part === undefined || part.size >= PART || part.has(id)) parts.push(new Set([id]));
    else part.add(id);
  }
  return parts.map((part) => Array.from(part));
}
