import { byBytes, noCounts } from "../../broker/counts.ts";
import type { HolderStatus, Inspect, JobFilter, QueueCounts } from "../../broker/inspect.ts";
import { toHistory, toLogLine } from "../../broker/sql-rows.ts";
import type { JobDetails, JobRecord } from "../../job/job.ts";
import type { JobState } from "../../job/states.ts";
import { type Connection, toRowId } from "./connection.ts";
import type { SqliteRow, SqliteValue } from "./driver.ts";
import { FINISHED } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { toNumber, toRecord, toText } from "./rows.ts";

export class SqliteInspect implements Inspect {
  readonly #connection: Connection;
  readonly #queues: Queues;

  constructor(connection: Connection, queues: Queues) {
    this.#connection = connection;
    this.#queues = queues;
  }

  async queues(): Promise<readonly QueueCounts[]> {
    return this.#connection.read(() => {
      const counts = new Map<unknown, Record<JobState, number>>();
      for (const [queue, state, number] of this.#all("countByState")) {
        const row = counts.get(queue) ?? noCounts();
        counts.set(queue, { ...row, [toText(state)]: toNumber(number) });
      }
      return this.#all("queueNames").map(([id, name]) => ({
        queue: toText(name),
        counts: counts.get(id) ?? noCounts(),
      }));
    });
  }

  async ready(): Promise<readonly string[]> {
    return this.#connection.read(() => {
      const names: string[] = [];
      const next = this.#connection.statement("nextReady");
      for (let row = next.get(0); row !== undefined; row = next.get(toNumber(row[0]))) {
        names.push(this.#queues.nameOf(toNumber(row[0])));
      }
      return names.sort(byBytes);
    });
  }

  async find(id: string): Promise<JobDetails | undefined> {
    return this.#connection.read(() => {
      const [record] = this.#records([toRowId(id)]);
      if (record === undefined) return undefined;
      const history = this.#all("history", toRowId(id)).map(toHistory);
      return { ...record, history, logs: this.#all("logs", toRowId(id)).map(toLogLine) };
    });
  }

  async list(filter: JobFilter): Promise<readonly JobRecord[]> {
    return this.#connection.read(() => this.#records(this.#listIds(filter)));
  }

  async peek(queue: string, limit: number): Promise<readonly JobRecord[]> {
    return this.#connection.read(() => {
      const id = this.#queues.find(queue);
      return id === undefined
        ? []
        : this.#records(this.#all("peek", id, limit).map(([row]) => toNumber(row)));
    });
  }

  async holders(): Promise<readonly HolderStatus[]> {
    return this.#connection.read(() => {
      const now = this.#connection.now();
      return this.#all("holders").map(([holder, queues, aliveUntil, held]) => ({
        holder: toText(holder),
        queues: toText(queues),
        aliveUntil: new Date(toNumber(aliveUntil)),
        alive: toNumber(aliveUntil) > now,
        held: toNumber(held),
      }));
    });
  }

  #listIds({ state, queue, name, tag, limit, after }: JobFilter): readonly number[] {
    const values: SqliteValue[] = isKept(state) ? [FINISHED[state]] : [];
    values.push(after === undefined ? 0 : toRowId(after));
    const conditions: string[] = [];
    const require = (condition: string, value: SqliteValue) => {
      conditions.push(`and ${condition}`);
      values.push(value);
    };
    if (queue !== undefined)
      require(isKept(state) ? "q.id = ?" : "j.queue = ?", this.#queues.find(queue) ?? 0);
    if (name !== undefined) require("j.name = ?", name);
    if (tag !== undefined) require("exists (select 1 from json_each(j.tags) where value = ?)", tag);
    const statement = `list${LISTS[state ?? "all"]}`;
    const key = `${statement} ${conditions.join(" ")}`;
    const sql = this.#connection.text(statement).replace("/* filter */", conditions.join(" "));
    return this.#connection
      .statementOf(key, sql)
      .all(...values, limit)
      .map(([id]) => toNumber(id));
  }

  #records(ids: readonly number[]): readonly JobRecord[] {
    return this.#all("records", JSON.stringify(ids)).map(toRecord);
  }

  #all(statement: string, ...values: SqliteValue[]): readonly SqliteRow[] {
    return this.#connection.statement(statement).all(...values);
  }
}

const LISTS = {
  all: "All",
  waiting: "Waiting",
  scheduled: "Scheduled",
  blocked: "Blocked",
  running: "Running",
  completed: "Finished",
  failed: "Finished",
  cancelled: "Finished",
} as const;

function isKept(state: JobState | undefined): state is keyof typeof FINISHED {
  return state !== undefined && state in FINISHED;
}
