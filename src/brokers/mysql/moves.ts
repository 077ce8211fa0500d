import { MAX_HISTORY } from "../../broker/edit.ts";
import type { HistoryEntry } from "../../job/job.ts";
import { type Database, Transaction } from "./database.ts";
import { type Result, toNumber } from "./rows.ts";
import type { Sender } from "./session.ts";
import type { SqlValue, Statement } from "./statement.ts";

/** How finished states are written. */
export const FINISHED = { completed: 4, failed: 5, cancelled: 6 } as const;

/** The last millisecond that a `Date` can name. */
export const MAX_DUE = 8.64e15;
const MAX_DETAIL = 500;

/** A job whose row of a state is locked. `token` is that of its last claim, which goes with it. */
export interface Moving {
  readonly id: number;
  readonly token: number;
  readonly queue: number;
}

interface Finishing {
  readonly state: number;
  readonly now: number;
  readonly keepMs: number;
  readonly result?: string | null;
}

interface Happening {
  readonly id: number;
  readonly now: number;
  readonly event: HistoryEntry["event"];
  readonly detail?: string | undefined;
}

/** Collects what is to happen to many jobs of one transaction, and says it in few statements. */
export class Moves {
  readonly #database: Database;
  readonly #waiting: SqlValue[][] = [];
  readonly #scheduled: SqlValue[][] = [];
  readonly #finished: SqlValue[][] = [];
  readonly #history: SqlValue[][] = [];
  readonly #changes: Statement[] = [];
  readonly #storied = new Set<number>();
  readonly #forgotten: number[] = [];
  readonly #interrupted: number[] = [];
  readonly #crashed: number[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /** Whether a job becomes waiting or scheduled. */
  get isNews(): boolean {
    return this.#waiting.length > 0 || this.#scheduled.length > 0;
  }

  /** Makes a job waiting, or scheduled when it is due later. */
  putBack({ id, token, queue }: Moving, priority: number, dueMs?: number): void {
    if (dueMs === undefined) {
      this.#waiting.push([queue, 0 - priority, id, token]);
      return;
    }
    const due = Math.min(dueMs, MAX_DUE);
    this.change("setRunAt", due, id);
    this.#scheduled.push([due, id, token]);
  }

  schedule(due: number, id: number, token: number): void {
    this.#scheduled.push([due, id, token]);
  }

  /** Enters a job among the finished, or deletes it when it is to be kept for no time. */
  finish({ id, token, queue }: Moving, { state, now, keepMs, result = null }: Finishing): void {
    if (keepMs === 0) this.#forgotten.push(id);
    else this.#finished.push([queue, state, id, token, now, Math.min(now + keepMs, MAX_DUE), result]);
  }

  /** Deletes all there is of a job that no state names any more. */
  forget(id: number): void {
    this.#forgotten.push(id);
  }

  interrupt(id: number): void {
    this.#interrupted.push(id);
  }

  crash(id: number): void {
    this.#crashed.push(id);
  }

  /** Any other statement, before the job moves. */
  change(statement: string, ...values: SqlValue[]): void {
    this.#changes.push(this.#database.statement(statement, ...values));
  }

  addHistory({ id, now, event, detail = "" }: Happening): void {
    this.#history.push([id, now, event, detail === "" ? null : detail.slice(0, MAX_DETAIL)]);
    this.#storied.add(id);
  }

  /**
   * Does it all, after what the caller has to do itself, as the last packet of a transaction of ours or as
   * a part of the user's. Histories that became too long are cut behind it. Resolves with the answers to `after`.
   */
  async apply(
    sender: Sender,
    before: readonly Statement[],
    after: readonly Statement[] = [],
  ): Promise<readonly Result[]> {
    const checks = this.#database.many("longHistories", [...this.#storied], MAX_HISTORY);
    const statements = [...before, ...this.#statements(), ...after, ...checks];
    const isOurs = sender instanceof Transaction;
    const answers = await (isOurs ? sender.commit(statements) : sender.send(statements));
    const long = answers.slice(answers.length - checks.length);
    const jobs = long.flatMap(({ rows }) => rows.map(([job]) => toNumber(job)));
    const trims = jobs.map((job) => this.#database.statement("trimHistory", job, job, MAX_HISTORY));
    await (isOurs ? sender.session : sender).send(trims);
    const end = answers.length - checks.length;
    return answers.slice(end - after.length, end);
  }

  #statements(): readonly Statement[] {
    const database = this.#database;
    return [
      ...this.#changes,
      ...database.many("countInterruption", this.#interrupted),
      ...database.many("countCrash", this.#crashed),
      ...database.many("addWaiting", this.#waiting),
      ...database.many("addScheduled", this.#scheduled),
      ...database.many("addFinished", this.#finished),
      ...database.many("addHistory", this.#history),
      ...forget(database, this.#forgotten),
    ];
  }
}

/** Deletes all there is of jobs that no state names any more. */
export function forget(database: Database, ids: readonly number[]): readonly Statement[] {
  return [
    ...database.each("deleteJobs", "j.id", ids),
    ...database.each("deleteHistory", "h.job", ids),
    ...database.each("deleteLogs", "l.job", ids),
  ];
}
