import type { JobRecord } from "../../job/job.ts";
import type { JobState } from "../../job/states.ts";
import { dropWaiting } from "./claim.ts";
import type { Database } from "./database.ts";
import { toRowId } from "./ids.ts";
import { FINISHED } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { toNumber } from "./rows.ts";
import type { Sender } from "./session.ts";
import type { Statement } from "./statement.ts";

export const PENDING: readonly JobState[] = ["waiting", "scheduled", "blocked"];

/** Locks the rows that name jobs in the states they were seen in. A job without a token in the answer has moved on. */
export async function lockRows(
  database: Database,
  sender: Sender,
  jobs: readonly JobRecord[],
  queues: Queues,
): Promise<ReadonlyMap<number, number>> {
  const answers = await sender.send([
    ...database.many("lockRunningOnes", idsOf(jobs, "running")),
    ...waitingRows(jobs, queues).map(({ queue, turn, id }) =>
      database.statement("lockWaitingOnes", queue, turn, [id]),
    ),
    ...scheduledRows(jobs).map(({ due, id }) => database.statement("lockScheduledOne", due, id)),
    ...database.many("lockBlockedOnes", idsOf(jobs, "blocked")),
    ...finishedRows(jobs, queues).map(({ queue, state, id }) =>
      database.statement("lockFinishedOnes", queue, state, [id]),
    ),
  ]);
  return new Map(
    answers.flatMap(({ rows }) => rows.map(([id, token]) => [toNumber(id), toNumber(token)] as const)),
  );
}

/** Deletes the rows that name jobs in the states they were seen in. */
export function dropRows(database: Database, jobs: readonly JobRecord[], queues: Queues): readonly Statement[] {
  return [
    ...database.many("dropRunning", idsOf(jobs, "running")),
    ...dropWaiting(database, waitingRows(jobs, queues)),
    ...scheduledRows(jobs).map(({ due, id }) => database.statement("dropScheduled", due, id)),
    ...database.many("dropBlocked", idsOf(jobs, "blocked")),
    ...finishedRows(jobs, queues).map(({ queue, state, id }) =>
      database.statement("dropFinished", queue, state, [id]),
    ),
  ];
}

function idsOf(jobs: readonly JobRecord[], state: JobState): readonly number[] {
  return jobs.filter((job) => job.state === state).map(({ id }) => toRowId(id));
}

function waitingRows(jobs: readonly JobRecord[], queues: Queues) {
  const rows = jobs.flatMap(({ id, state, queue, priority }) =>
    state === "waiting" ? [{ queue: queues.number(queue), turn: 0 - priority, id: toRowId(id) }] : [],
  );
  return rows.sort((a, b) => a.queue - b.queue || a.turn - b.turn || a.id - b.id);
}

function scheduledRows(jobs: readonly JobRecord[]) {
  const rows = jobs.flatMap(({ id, state, runAt }) =>
    state === "scheduled" && runAt !== undefined ? [{ due: runAt.getTime(), id: toRowId(id) }] : [],
  );
  return rows.sort((a, b) => a.due - b.due || a.id - b.id);
}

function finishedRows(jobs: readonly JobRecord[], queues: Queues) {
  const rows = jobs.flatMap(({ id, state, queue }) =>
    state in FINISHED
      ? [
          {
            queue: queues.number(queue),
            state: FINISHED[state === "completed" || state === "failed" ? state : "cancelled"],
            id: toRowId(id),
          },
        ]
      : [],
  );
  return rows.sort((a, b) => a.queue - b.queue || a.state - b.state || a.id - b.id);
}
