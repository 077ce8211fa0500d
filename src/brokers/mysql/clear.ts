import type { JobState } from "../../job/states.ts";
import { type Database, LONG_MS } from "./database.ts";
import { FINISHED, forget } from "./moves.ts";
import { toNumber } from "./rows.ts";

const PART = 500;
const ALL = Number.MAX_SAFE_INTEGER;

/** Deletes the finished jobs that a queue has now, some in each transaction. */
export async function clearFinished(
  database: Database,
  queue: number,
  state: JobState | undefined,
): Promise<number> {
  let deleted = 0;
  for (const [name, code] of Object.entries(FINISHED)) {
    if (state !== undefined && name !== state) continue;
    const [newest] = await database.rows([database.statement("newestFinished", queue, code)]);
    const last = toNumber(newest?.[0] ?? 0);
    for (let amount = PART; amount === PART; deleted += amount) {
      amount = await deleteFinished(database, { queue, state: code, last });
    }
  }
  return deleted;
}

function deleteFinished(
  database: Database,
  { queue, state, last }: { queue: number; state: number; last: number },
): Promise<number> {
  return database.write(async (transaction) => {
    const [found] = await transaction.send([database.statement("finishedIn", queue, state, last, PART)]);
    const ids = (found?.rows ?? []).map(([id]) => toNumber(id));
    const drops = database.many("dropFinishedOf", ids, queue, state);
    await transaction.commit([...drops, ...forget(database, ids)]);
    return ids.length;
  });
}

/** Ids of a queue's jobs that are yet to run. */
export async function pendingIn(
  database: Database,
  queue: number,
  state: JobState | undefined,
): Promise<readonly string[]> {
  const lists = { waiting: "waitingIn", scheduled: "scheduledIn", blocked: "blockedIn" };
  const wanted = Object.entries(lists).filter(([name]) => state === undefined || name === state);
  const statements = wanted.map(([, list]) => database.statement(list, queue, ALL));
  return (await database.rows(statements, LONG_MS)).map(([id]) => String(id));
}
