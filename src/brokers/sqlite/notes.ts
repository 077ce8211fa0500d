import { MAX_LOG_LINE_LENGTH, MAX_LOG_LINES, type Note } from "../../broker/edit.ts";
import { type Connection, toRowId } from "./connection.ts";

/** Whether a claim is still its holder's. A read. */
export function holds(connection: Connection, { id, token }: Note): boolean {
  return connection.statement("stillHeld").get(toRowId(id), token) !== undefined;
}

/** Keeps progress and lines of a running job, in the write transaction that is open; false when its claim is lost. */
export function write(connection: Connection, note: Note, now: number): boolean {
  if (!holds(connection, note)) return false;
  const { id, token, progress, log = [] } = note;
  const row = toRowId(id);
  if (progress !== undefined) connection.statement("note").run(progress, row, token);
  const lines = log.slice(-MAX_LOG_LINES);
  for (const line of lines) {
    connection.statement("addLog").run(row, row, now, line.slice(0, MAX_LOG_LINE_LENGTH));
  }
  if (lines.length > 0) connection.statement("trimLogs").run(row, row, MAX_LOG_LINES);
  return true;
}
