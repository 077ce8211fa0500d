import { noCounts } from "../../broker/counts.ts";
import type { HolderStatus, Inspect, JobFilter, QueueCounts } from "../../broker/inspect.ts";
import { toHistory, toLogLine } from "../../broker/sql-rows.ts";
import type { JobDetails, JobRecord } from "../../job/job.ts";
import type { JobState } from "../../job/states.ts";
import { type Database, LONG_MS } from "./database.ts";
import { toRowId } from "./ids.ts";
import { FINISHED } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { toNumber, toRecord, toText } from "./rows.ts";
import type { SqlValue } from "./statement.ts";
import { toTagLine } from "./tags.ts";

export class MysqlInspect implements Inspect {
  readonly #database: Database;
  readonly #queues: Queues;

  constructor(database: Database, queues: Queues) {
    this.#database = database;
    this.#queues = queues;
  }

  async queues(): Promise<readonly QueueCounts[]> {
    const [names, counted] = await this.#database.send(
      [this.#database.statement("allQueues"), this.#database.statement("countByState")],
      LONG_MS,
    );
    const counts = new Map<number, Record<JobState, number>>();
    for (const [queue, state, number] of counted?.rows ?? []) {
      const row = counts.get(toNumber(queue)) ?? noCounts();
      counts.set(toNumber(queue), { ...row, [toText(state)]: toNumber(number) });
    }
    return (names?.rows ?? []).map(([id, name]) => ({
      queue: toText(name),
      counts: counts.get(toNumber(id)) ?? noCounts(),
    }));
  }

  async ready(): Promise<readonly string[]> {
    return (await this.#database.rows([this.#database.statement("ready")])).map(([name]) => toText(name));
  }

  async find(id: string): Promise<JobDetails | undefined> {
    const row = toRowId(id);
    const [records, history, logs] = await this.#database.send([
      this.#database.statement("records", [row]),
      this.#database.statement("history", row),
      this.#database.statement("logs", row),
    ]);
    const [record] = (records?.rows ?? []).map(toRecord);
    if (record === undefined) return undefined;
    return {
      ...record,
      history: (history?.rows ?? []).map(toHistory),
      logs: (logs?.rows ?? []).map(toLogLine),
    };
  }

  async list(filter: JobFilter): Promise<readonly JobRecord[]> {
    return readRecords(this.#database, await this.#listIds(filter));
  }

  async peek(queue: string, limit: number): Promise<readonly JobRecord[]> {
    const [id] = await this.#queues.find([queue]);
    if (id === undefined) return [];
    const rows = await this.#database.rows([this.#database.statement("peek", id, limit)]);
    return readRecords(
      this.#database,
      rows.map(([row]) => toNumber(row)),
    );
  }

  async holders(): Promise<readonly HolderStatus[]> {
    const [clock, holders] = await this.#database.send([
      this.#database.statement("now"),
      this.#database.statement("holders"),
    ]);
    const now = toNumber(clock?.rows[0]?.[0]);
    return (holders?.rows ?? []).map(([holder, queues, aliveUntil, held]) => ({
      holder: toText(holder),
      queues: toText(queues),
      aliveUntil: new Date(toNumber(aliveUntil)),
      alive: toNumber(aliveUntil) > now,
      held: toNumber(held),
    }));
  }

  async #listIds({ state, queue, name, tag, limit, after }: JobFilter): Promise<readonly number[]> {
    const values: SqlValue[] = isKept(state) ? [FINISHED[state]] : [];
    values.push(after === undefined ? 0 : toRowId(after));
    const conditions: string[] = [];
    const require = (condition: string, value: SqlValue) => {
      conditions.push(`and ${condition}`);
      values.push(value);
    };
    if (queue !== undefined) {
      const [id = 0] = await this.#queues.find([queue]);
      require(isKept(state) ? "q.id = ?" : "j.queue = ?", id);
    }
    if (name !== undefined) require("j.name = ?", name);
    if (tag !== undefined) require("instr(j.tags, ?) > 0", toTagLine(tag));
    values.push(limit);
    const sql = this.#database
      .text(`list${LISTS[state ?? "all"]}`)
      .replace("/* filter */", conditions.join(" "));
    return (await this.#database.rows([{ sql, values }], LONG_MS)).map(([id]) => toNumber(id));
  }
}

/** Records of jobs in the order of their ids as given. */
export async function readRecords(database: Database, ids: readonly number[]): Promise<readonly JobRecord[]> {
  const rows = await database.rows(database.many("records", ids), LONG_MS);
  const records = new Map(rows.map((row) => [toNumber(row[0]), toRecord(row)]));
  return ids.flatMap((id) => records.get(id) ?? []);
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
