import { MAX_LOG_LINE_LENGTH, MAX_LOG_LINES, type Note } from "../../broker/edit.ts";
import type { Database } from "./database.ts";
import { toRowId } from "./ids.ts";
import { type Result, toNumber } from "./rows.ts";
import type { SqlValue, Statement } from "./statement.ts";

/** Keeps progress and log lines of claims that still hold, and says which do. */
export async function annotate(database: Database, notes: readonly Note[]): Promise<readonly boolean[]> {
  const ids = [...new Set(notes.map(({ id }) => toRowId(id)))].sort((a, b) => a - b);
  const isQuestion = notes.every(({ progress, log = [] }) => progress === undefined && log.length === 0);
  // Asking whether claims still hold must not wait for anybody.
  if (isQuestion) return toAnswers(notes, await database.send(database.many("stillHeld", ids)));
  return database.write(async (transaction) => {
    const [clock, ...locked] = await transaction.send([
      database.statement("now"),
      ...database.many("lockRunningOnes", ids),
    ]);
    const holds = toAnswers(notes, locked);
    const held = notes.filter((_, place) => holds[place]);
    await transaction.commit(toStatements(database, held, toNumber(clock?.rows[0]?.[0])));
    return holds;
  });
}

function toAnswers(notes: readonly Note[], answers: readonly Result[]): readonly boolean[] {
  const tokens = new Map(
    answers.flatMap(({ rows }) => rows.map(([id, token]) => [toNumber(id), toNumber(token)] as const)),
  );
  return notes.map(({ id, token }) => tokens.get(toRowId(id)) === token);
}

function toStatements(database: Database, notes: readonly Note[], now: number): readonly Statement[] {
  const lines: SqlValue[][] = [];
  const logged = new Set<number>();
  const statements: Statement[] = [];
  for (const { id, progress, log = [] } of notes) {
    const row = toRowId(id);
    if (progress !== undefined) statements.push(database.statement("note", progress, row));
    for (const line of log.slice(-MAX_LOG_LINES)) lines.push([row, now, line.slice(0, MAX_LOG_LINE_LENGTH)]);
    if (log.length > 0) logged.add(row);
  }
  return [
    ...statements,
    ...database.many("addLogs", lines),
    ...[...logged].map((row) => database.statement("trimLogs", row, row, MAX_LOG_LINES)),
  ];
}
