import type { Edit, Note, TagChange } from "../../broker/edit.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import type { JobRecord } from "../../job/job.ts";
import type { JobState } from "../../job/states.ts";
import { type Connection, toRowId } from "./connection.ts";
import { addHistory, FINISHED, finish, forget, putBack } from "./moves.ts";
import { holds, write } from "./notes.ts";
import type { Queues } from "./queues.ts";
import { toNumber, toRecord } from "./rows.ts";
import type { SqliteWakeups } from "./wakeups.ts";

const PENDING: readonly JobState[] = ["waiting", "scheduled", "blocked"];

export class SqliteEdit implements Edit {
  readonly #connection: Connection;
  readonly #queues: Queues;
  readonly #wakeups: SqliteWakeups;

  constructor(connection: Connection, queues: Queues, wakeups: SqliteWakeups) {
    this.#connection = connection;
    this.#queues = queues;
    this.#wakeups = wakeups;
  }

  cancel(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#each(ids, [...PENDING, "running"], (job, now) => this.#cancel(job, now));
  }

  retry(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#each(ids, ["failed"], (job, now) => {
      const id = toRowId(job.id);
      this.#connection.statement("dropFinished").run(this.#queues.ensure(job.queue), FINISHED.failed, id);
      this.#connection.statement("revive").run(id);
      addHistory(this.#connection, { id, now, event: "revived" });
      putBack(this.#connection, id, undefined);
    });
  }

  move(ids: readonly string[], queue: string): Promise<readonly boolean[]> {
    return this.#each(ids, PENDING, (job, now) => {
      const id = toRowId(job.id);
      const target = this.#queues.ensure(queue);
      if (job.state === "waiting") this.#drop(job);
      this.#connection.statement("setQueue").run(target, id);
      if (job.state === "waiting") putBack(this.#connection, id, undefined);
      addHistory(this.#connection, { id, now, event: "moved", detail: queue });
    });
  }

  prioritize(ids: readonly string[], priority: number): Promise<readonly boolean[]> {
    return this.#each(ids, PENDING, (job) => {
      const id = toRowId(job.id);
      if (job.state === "waiting") this.#drop(job);
      this.#connection.statement("setPriority").run(priority, id);
      if (job.state === "waiting") putBack(this.#connection, id, undefined);
    });
  }

  tag(ids: readonly string[], { add = [], remove = [] }: TagChange): Promise<readonly boolean[]> {
    return this.#each(ids, undefined, (job) => {
      const tags = new Set([...job.tags, ...add]);
      for (const tag of remove) tags.delete(tag);
      const text = tags.size === 0 ? null : JSON.stringify([...tags]);
      this.#connection.statement("setTags").run(text, toRowId(job.id));
    });
  }

  async clear(queue: string, state?: JobState): Promise<number> {
    return this.#connection.write((now) => {
      const id = this.#queues.find(queue);
      if (id === undefined) return 0;
      // In this order: what is cancelled now is to be looked at for a while.
      return this.#deleteFinished(id, state) + this.#cancelPending(id, state, now);
    });
  }

  async annotate(notes: readonly Note[]): Promise<readonly boolean[]> {
    const isQuestion = notes.every(({ progress, log = [] }) => progress === undefined && log.length === 0);
    // Asking whether claims still hold must not queue up for the write lock.
    if (isQuestion) return this.#connection.read(() => notes.map((note) => holds(this.#connection, note)));
    return this.#connection.write((now) => notes.map((note) => write(this.#connection, note, now)));
  }

  /** Changes those jobs that are in one of these states, and wakes who may care. */
  async #each(
    ids: readonly string[],
    states: readonly JobState[] | undefined,
    change: (job: JobRecord, now: number) => void,
  ): Promise<readonly boolean[]> {
    const changed = await this.#connection.write((now) =>
      ids.map((id) => {
        const job = this.#find(toRowId(id));
        const applies = job !== undefined && (states === undefined || states.includes(job.state));
        if (applies) change(job, now);
        return applies;
      }),
    );
    if (changed.includes(true)) this.#wakeups.wake();
    return changed;
  }

  #find(id: number): JobRecord | undefined {
    const row = this.#connection.statement("records").get(JSON.stringify([id]));
    return row === undefined ? undefined : toRecord(row);
  }

  #cancel(job: JobRecord, now: number): void {
    const id = toRowId(job.id);
    this.#drop(job);
    addHistory(this.#connection, { id, now, event: "cancelled", detail: `while ${job.state}` });
    const queue = this.#queues.ensure(job.queue);
    finish(this.#connection, {
      id,
      queue,
      state: FINISHED.cancelled,
      now,
      keepMs: DEFAULT_KEEP_MS.cancelled,
    });
  }

  /** Takes a job out of the table that names it; the row itself stays. */
  #drop({ id, state, queue, priority, runAt }: JobRecord): void {
    const row = toRowId(id);
    if (state === "waiting") {
      this.#connection.statement("dropWaiting").run(this.#queues.ensure(queue), -priority, row);
    } else if (state === "scheduled" && runAt !== undefined) {
      this.#connection.statement("dropScheduled").run(runAt.getTime(), row);
    } else if (state === "blocked") {
      this.#connection.statement("dropBlocked").run(row);
    } else if (state === "running") {
      this.#connection.statement("dropRunning").run(row);
    }
  }

  #cancelPending(queue: number, state: JobState | undefined, now: number): number {
    if (state !== undefined && !PENDING.includes(state)) return 0;
    const ids = this.#connection
      .statement("idsInQueue")
      .all(queue)
      .map(([id]) => toNumber(id));
    const jobs = this.#connection.statement("records").all(JSON.stringify(ids)).map(toRecord);
    const pending = jobs.filter((job) =>
      state === undefined ? PENDING.includes(job.state) : job.state === state,
    );
    for (const job of pending) this.#cancel(job, now);
    return pending.length;
  }

  #deleteFinished(queue: number, state: JobState | undefined): number {
    const states = Object.entries(FINISHED).filter(([name]) => state === undefined || name === state);
    const rows = states.flatMap(([, code]) => this.#connection.statement("clearFinished").all(queue, code));
    forget(
      this.#connection,
      rows.map(([id]) => toNumber(id)),
    );
    return rows.length;
  }
}
