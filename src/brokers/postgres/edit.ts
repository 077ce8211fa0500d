import {
  type Edit,
  MAX_LOG_LINE_LENGTH,
  MAX_LOG_LINES,
  type Note,
  type TagChange,
} from "../../broker/edit.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { JOB_STATES, type JobState } from "../../job/states.ts";
import { apply, UNFINISHED } from "./apply.ts";
import { int8s, texts } from "./binary.ts";
import { answersFor, clean, toRowId, toRowIds, toToken } from "./ids.ts";
import { type Lanes, MANY_ROWS } from "./lanes.ts";
import { finish, STATE } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { type PgResult, single, toNumber, toText } from "./rows.ts";
import type { PostgresWakeups } from "./wakeups.ts";

const PENDING: readonly number[] = [STATE.waiting, STATE.scheduled, STATE.blocked];
const FINISHED: readonly number[] = [STATE.completed, STATE.failed, STATE.cancelled];

export class PostgresEdit implements Edit {
  readonly #lanes: Lanes;
  readonly #queues: Queues;
  readonly #wakeups: PostgresWakeups;

  constructor(lanes: Lanes, queues: Queues, wakeups: PostgresWakeups) {
    this.#lanes = lanes;
    this.#queues = queues;
    this.#wakeups = wakeups;
  }

  async cancel(ids: readonly string[]): Promise<readonly boolean[]> {
    const more = { event: "cancelled", names: true } as const;
    const keepMs = DEFAULT_KEEP_MS.cancelled;
    const moves = toRowIds(ids).map((id) => finish(id, STATE.cancelled, keepMs, more));
    const changed = await apply(this.#lanes.run, moves, UNFINISHED);
    return this.#answer(
      ids,
      changed.map((key) => key.slice(0, key.indexOf(":"))),
    );
  }

  async retry(ids: readonly string[]): Promise<readonly boolean[]> {
    return this.#answer(ids, toIds(await this.#lanes.run("retry", [int8s(toRowIds(ids))])));
  }

  async move(ids: readonly string[], queue: string): Promise<readonly boolean[]> {
    if (ids.length === 0) return [];
    await this.#queues.ensure([queue]);
    const values = [int8s(toRowIds(ids)), this.#queues.known(queue), queue];
    return this.#answer(ids, toIds(await this.#lanes.run("move", values)));
  }

  async prioritize(ids: readonly string[], priority: number): Promise<readonly boolean[]> {
    const answer = await this.#lanes.run("prioritize", [int8s(toRowIds(ids)), 0 - priority]);
    return this.#answer(ids, toIds(answer), false);
  }

  async tag(ids: readonly string[], { add = [], remove = [] }: TagChange): Promise<readonly boolean[]> {
    const values = [int8s(toRowIds(ids)), texts(add.map(clean)), texts(remove.map(clean))];
    const changed = new Set(toIds(await this.#lanes.run("tagJobs", values)));
    if (changed.size < toRowIds(ids).length) {
      for (const id of toIds(await this.#lanes.run("tagFinished", values))) changed.add(id);
    }
    return ids.map((id) => changed.has(id));
  }

  async clear(queue: string, state?: JobState): Promise<number> {
    await this.#queues.find([queue]);
    const number = this.#queues.known(queue);
    if (number === undefined) return 0;
    const isWanted = (code: number) => state === undefined || JOB_STATES[code] === state;
    const pending = PENDING.filter(isWanted).join(",");
    const finished = FINISHED.filter(isWanted).join(",");
    const values = [number, `{${finished}}`, `{${pending}}`, DEFAULT_KEEP_MS.cancelled];
    return toNumber(single(await this.#lanes.run("clear", values, MANY_ROWS)));
  }

  async annotate(notes: readonly Note[]): Promise<readonly boolean[]> {
    if (notes.length === 0) return [];
    const keys = notes.map(({ id, token }) => `${toRowId(id)}:${toToken(token)}`);
    const isQuestion = notes.every(({ progress, log = [] }) => progress === undefined && log.length === 0);
    const { rows } = isQuestion ? await this.#ask(notes) : await this.#note(notes);
    const held = new Set(rows.map((row) => toText(row[0])));
    return keys.map((key) => held.has(key));
  }

  #ask(notes: readonly Note[]): Promise<PgResult> {
    const ids = int8s(notes.map(({ id }) => toRowId(id)));
    return this.#lanes.run("stillHeld", [ids, int8s(notes.map(({ token }) => toToken(token)))]);
  }

  #note(notes: readonly Note[]): Promise<PgResult> {
    const list = notes.map(({ id, token, progress, log = [] }, place) => ({
      place,
      id: toRowId(id),
      token: toToken(token),
      progress,
      log: log.slice(-MAX_LOG_LINES).map((line) => clean(line.slice(0, MAX_LOG_LINE_LENGTH))),
    }));
    return this.#lanes.run("annotate", [JSON.stringify(list), MAX_LOG_LINES]);
  }

  /** Answers for ids as they were asked for, and wakes who may care. */
  #answer(ids: readonly string[], changed: readonly string[], isOnce = true): readonly boolean[] {
    if (changed.length > 0) this.#wakeups.requeued(changed.map(toRowId));
    const keys = ids.map((id) => String(toRowId(id)));
    const all = new Set(changed);
    return isOnce ? answersFor(keys, changed) : keys.map((key) => all.has(key));
  }
}

function toIds({ rows }: PgResult): readonly string[] {
  return rows.map((row) => toText(row[0]));
}
