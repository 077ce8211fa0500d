import { MAX_HISTORY } from "../../broker/edit.ts";
import type { HistoryEntry } from "../../job/job.ts";
import type { Connection } from "./connection.ts";
import { MAX_DUE } from "./enqueue.ts";

/** Steps that several calls take, each inside a write transaction. */

/** How finished states are written. */
export const FINISHED = { completed: 4, failed: 5, cancelled: 6 } as const;

interface Finishing {
  readonly id: number;
  readonly queue: number;
  readonly state: number;
  readonly now: number;
  readonly keepMs: number;
}

/** Enters a job among the finished, or deletes it when it is to be kept for no time. */
export function finish(connection: Connection, { id, queue, state, now, keepMs }: Finishing): void {
  if (keepMs === 0) forget(connection, [id]);
  else connection.statement("finish").run(queue, state, id, now, now + keepMs);
}

/** Makes a job waiting, or scheduled when it is due later. */
export function putBack(connection: Connection, id: number, dueMs: number | undefined): void {
  if (dueMs === undefined) {
    connection.statement("putBack").run(id);
    return;
  }
  const due = Math.min(dueMs, MAX_DUE);
  connection.statement("setRunAt").run(due, id);
  connection.statement("putOff").run(due, id);
}

/** Deletes all there is of jobs that no state names any more. */
export function forget(connection: Connection, ids: readonly number[]): void {
  const list = JSON.stringify(ids);
  for (const statement of ["deleteJobs", "deleteHistory", "deleteLogs"])
    connection.statement(statement).run(list);
}

interface Happening {
  readonly id: number;
  readonly now: number;
  readonly event: HistoryEntry["event"];
  readonly detail?: string | undefined;
}

export function addHistory(connection: Connection, { id, now, event, detail = "" }: Happening): void {
  connection
    .statement("addHistory")
    .run(id, id, now, event, detail === "" ? null : detail.slice(0, MAX_DETAIL));
  connection.statement("trimHistory").run(id, id, MAX_HISTORY);
}

const MAX_DETAIL = 500;
