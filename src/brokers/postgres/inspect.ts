import { noCounts } from "../../broker/counts.ts";
import type { HolderStatus, Inspect, JobFilter, QueueCounts } from "../../broker/inspect.ts";
import { toHistory, toLogLine } from "../../broker/sql-rows.ts";
import type { JobDetails, JobRecord } from "../../job/job.ts";
import { JOB_STATES, type JobState } from "../../job/states.ts";
import { int4s, int8s } from "./binary.ts";
import type { Floors } from "./floors.ts";
import { toRowId } from "./ids.ts";
import type { Lanes } from "./lanes.ts";
import type { Queues } from "./queues.ts";
import { toNumber, toRecord, toState, toText } from "./rows.ts";
import type { Statements } from "./statements.ts";

interface InspectOptions {
  readonly lanes: Lanes;
  readonly queues: Queues;
  readonly floors: Floors;
  readonly statements: Statements;
}

export class PostgresInspect implements Inspect {
  readonly #lanes: Lanes;
  readonly #queues: Queues;
  readonly #floors: Floors;
  readonly #statements: Statements;
  #walkAgainAt = 0;

  constructor({ lanes, queues, floors, statements }: InspectOptions) {
    this.#lanes = lanes;
    this.#queues = queues;
    this.#floors = floors;
    this.#statements = statements;
  }

  async queues(): Promise<readonly QueueCounts[]> {
    const counts = new Map<unknown, Record<JobState, number>>();
    const { rows } = await this.#lanes.runAtLeisure("countByState");
    for (const [queue, state, number] of rows) {
      const row = counts.get(queue) ?? noCounts();
      counts.set(queue, { ...row, [toState(state)]: toNumber(number) });
    }
    const names = await this.#lanes.run("queueNames");
    return names.rows.map(([id, name]) => ({ queue: toText(name), counts: counts.get(id) ?? noCounts() }));
  }

  async ready(): Promise<readonly string[]> {
    const marked = this.#floors.marked;
    const numbers = marked.map(({ queue }) => queue);
    const start = performance.now();
    const walks = start >= this.#walkAgainAt;
    const { rows } = await this.#lanes.runPlanned("ready", [
      int4s(numbers),
      int4s(marked.map(({ floor }) => floor.rank)),
      int8s(marked.map(({ floor }) => floor.id)),
      int4s([0, ...numbers]),
      int4s([...numbers, LAST_QUEUE]),
      walks,
    ]);
    const tookMs = performance.now() - start;
    if (walks && tookMs > SLOW_WALK_MS) this.#walkAgainAt = start + tookMs * 20;
    // Names are ASCII, for which the order of UTF-16 units is that of bytes.
    return rows.map((row) => toText(row[0])).sort();
  }

  async find(id: string): Promise<JobDetails | undefined> {
    const row = toRowId(id);
    if (row === 0) return undefined;
    const [record] = [...(await this.#jobs("where j.id = $1", [row])), ...(await this.#finishedOf(row))];
    if (record === undefined) return undefined;
    const history = await this.#lanes.run("history", [row]);
    const logs = await this.#lanes.run("logs", [row]);
    return { ...record, history: history.rows.map(toHistory), logs: logs.rows.map(toLogLine) };
  }

  async list(filter: JobFilter): Promise<readonly JobRecord[]> {
    const code = filter.state === undefined ? undefined : JOB_STATES.indexOf(filter.state);
    if (filter.queue !== undefined) await this.#queues.find([filter.queue]);
    if (filter.queue !== undefined && this.#queues.known(filter.queue) === undefined) return [];
    const isFinished = code !== undefined && code > 3;
    const jobs = isFinished ? [] : await this.#jobs(...this.#conditions("j", filter, code));
    const kept =
      code === undefined || isFinished ? await this.#finished(...this.#conditions("f", filter, code)) : [];
    if (jobs.length === 0 || kept.length === 0) return [...jobs, ...kept];
    return [...jobs, ...kept].sort((a, b) => toRowId(a.id) - toRowId(b.id)).slice(0, filter.limit);
  }

  async peek(queue: string, limit: number): Promise<readonly JobRecord[]> {
    await this.#queues.find([queue]);
    const number = this.#queues.known(queue);
    if (number === undefined) return [];
    return this.#jobs("where j.queue = $1 and j.state = 0 order by j.rank, j.id limit $2", [number, limit]);
  }

  async holderNames(): Promise<readonly string[]> {
    const { rows } = await this.#lanes.run("holderNames");
    return rows.map((row) => toText(row[0]));
  }

  async holders(): Promise<readonly HolderStatus[]> {
    const { rows } = await this.#lanes.run("holders");
    return rows.map(([holder, queues, aliveUntil, alive, held]) => ({
      holder: toText(holder),
      queues: toText(queues),
      aliveUntil: new Date(toNumber(aliveUntil)),
      alive: alive === true,
      held: toNumber(held),
    }));
  }

  /** The condition by which rows of one table are listed, and its values. */
  #conditions(
    table: "j" | "f",
    { queue, name, tag, limit, after }: JobFilter,
    state: number | undefined,
  ): [string, readonly unknown[]] {
    const values: unknown[] = [after === undefined ? 0 : toRowId(after)];
    const conditions = [`${table}.id > $1`];
    const require = (toCondition: (place: string) => string, value: unknown) => {
      if (value !== undefined) conditions.push(toCondition(`$${values.push(value)}`));
    };
    require((place) => `${table}.queue = ${place}`, queue === undefined
      ? undefined
      : this.#queues.known(queue));
    require((place) => `${table}.name = ${place}`, name);
    require((place) => `${table}.tags @> array[${place}::text]`, tag);
    // In the text, so that the planner sees that an index of one state serves.
    if (state !== undefined) conditions.push(`${table}.state = ${state}`);
    const last = values.push(limit);
    return [`where ${conditions.join(" and ")} order by ${table}.id limit $${last}`, values];
  }

  #finishedOf(id: number): Promise<readonly JobRecord[]> {
    return this.#read("finishedColumns", this.#statements.text("finishedById"), [id]);
  }

  #jobs(rest: string, values: readonly unknown[]): Promise<readonly JobRecord[]> {
    return this.#read("jobColumns", rest, values);
  }

  #finished(rest: string, values: readonly unknown[]): Promise<readonly JobRecord[]> {
    const from = this.#statements.text("finishedFrom");
    return this.#read("finishedColumns", `${from} ${rest}`, values);
  }

  async #read(columns: string, rest: string, values: readonly unknown[]): Promise<readonly JobRecord[]> {
    const { rows } = await this.#lanes.runText(`select ${this.#statements.text(columns)} ${rest}`, values);
    return rows.map(toRecord);
  }
}

const LAST_QUEUE = 2_147_483_647;
const SLOW_WALK_MS = 25;
