import type { Database, Transaction } from "./database.ts";
import { Moves } from "./moves.ts";
import { toNumber } from "./rows.ts";

const CHUNK = 2000;

/** Makes scheduled jobs whose time has come waiting, some thousands at a time. Those that another moves now are left to it. */
export async function moveDue(database: Database, transaction: Transaction): Promise<number> {
  const [, found] = await transaction.send([
    database.statement("setNow"),
    database.statement("dueRows", CHUNK),
  ]);
  const moves = new Moves(database);
  const moved: (readonly number[])[] = [];
  for (const row of found?.rows ?? []) {
    const [due = 0, id = 0, token = 0, queue = 0, priority = 0] = row.map(toNumber);
    moves.putBack({ id, token, queue }, priority);
    moved.push([due, id]);
  }
  await moves.apply(transaction, database.many("dropScheduled", moved));
  return moved.length;
}
