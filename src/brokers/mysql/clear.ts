import type { JobState } from "../../job/states.ts";
import { type Database, LONG_MS } from "./database.ts";
import { FINISHED, forget } from "./moves.ts";
import { toNumber } from "./rows.ts";
import { PENDING } from "./state-rows.ts";

const PART = 500;
const ALL = Number.MAX_SAFE_INTEGER;

/** What a queue has that can be cleared. */
export interface Contents {
  /** The newest finished job of each state that has any. */
  readonly finished: readonly { readonly state: number; readonly last: number }[];
  /** Ids of jobs that are yet to run. */
  readonly pending: readonly string[];
}

const LISTS = { waiting: "waitingIn", scheduled: "scheduledIn", blocked: "blockedIn" } as const;

export async function contentsOf(
  database: Database,
  queue: number,
  state: JobState | undefined,
): Promise<Contents> {
  const finished = Object.entries(FINISHED).filter(([name]) => state === undefined || name === state);
  const lists = Object.entries(LISTS).filter(([name]) => state === undefined || name === state);
  const answers = await database.send(
    [
      ...finished.map(([, code]) => database.statement("newestFinished", queue, code)),
      ...lists.map(([, list]) => database.statement(list, queue, ALL)),
    ],
    LONG_MS,
  );
  const pending = answers.slice(finished.length).flatMap(({ rows }) => rows.map(([id]) => String(id)));
  const newest = finished.map(([, code], place) => {
    return { state: code, last: toNumber(answers[place]?.rows[0]?.[0] ?? 0) };
  });
  return { finished: newest.filter(({ last }) => last > 0), pending: mayCancel(state) ? pending : [] };
}

function mayCancel(state: JobState | undefined): boolean {
  return state === undefined || PENDING.includes(state);
}

/** Deletes finished jobs up to the newest there was, some in each transaction. */
export async function deleteFinished(
  database: Database,
  queue: number,
  finished: Contents["finished"],
): Promise<number> {
  let deleted = 0;
  for (const { state, last } of finished) {
    for (let amount = PART; amount === PART; deleted += amount) {
      amount = await deletePart(database, { queue, state, last });
    }
  }
  return deleted;
}

function deletePart(
  database: Database,
  { queue, state, last }: { queue: number; state: number; last: number },
): Promise<number> {
  return database.write(async (transaction) => {
    const [found] = await transaction.send([database.statement("finishedIn", queue, state, last, PART)]);
    const ids = (found?.rows ?? []).map(([id]) => toNumber(id));
    const drops = database.many(
      "dropFinished",
      ids.map((id) => [queue, state, id]),
    );
    await transaction.commit([...drops, ...forget(database, ids)]);
    return ids.length;
  });
}
