import type { Database } from "./database.ts";
import { toHeld } from "./held.ts";
import { Moves } from "./moves.ts";
import { toNumber } from "./rows.ts";

/**
 * Makes waiting again what a holder has by the books and does not know of, without a trace, as none of it was
 * started. The number of these jobs. What somebody else took from the holder meanwhile is left alone.
 */
export async function giveBack(
  database: Database,
  holder: string,
  known: ReadonlySet<string>,
): Promise<number> {
  const held = await database.rows([database.statement("heldBy", holder)]);
  const unknown = held.filter(([id]) => !known.has(String(toNumber(id))));
  if (unknown.length === 0) return 0;
  const ids = unknown.map(([id]) => toNumber(id)).sort((a, b) => a - b);
  const holderId = toNumber(unknown[0]?.[1]);
  return database.write(async (transaction) => {
    const locked = await transaction.send(database.each("lockHeldJobs", "r.id", ids));
    const jobs = locked.flatMap(({ rows }) => rows.map(toHeld)).filter((job) => job.holder === holderId);
    const moves = new Moves(database);
    for (const job of jobs) moves.putBack(job, job.priority);
    const ended = jobs.map(({ id }) => id);
    await moves.apply(transaction, database.each("dropRunning", "r.id", ended));
    return jobs.length;
  });
}
