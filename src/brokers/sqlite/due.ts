import type { Connection } from "./connection.ts";
import { toNumber } from "./rows.ts";

const CHUNK = 2000;

/** Makes scheduled jobs whose time has come waiting, some thousands at a time, in the write transaction that is open. */
export function moveDue(connection: Connection, now: number): number {
  const rows = connection.statement("dueRows").all(now, CHUNK);
  const insert = connection.statement("insertDue");
  const drop = connection.statement("dropDue");
  for (const row of rows) {
    const [due = 0, id = 0, queue = 0, priority = 0] = row.map(toNumber);
    insert.run(queue, -priority, id);
    drop.run(due, id);
  }
  return rows.length;
}
