import type { JobRecord } from "../../job/job.ts";
import type { JobState } from "../../job/states.ts";
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
    ...database.many("lockWaitingOnes", waitingRows(jobs, queues)),
    ...database.many("lockScheduledOnes", scheduledRows(jobs)),
    ...database.many("lockBlockedOnes", idsOf(jobs, "blocked")),
    ...database.many("lockFinishedOnes", finishedRows(jobs, queues)),
  ]);
  return new Map(
    answers.flatMap(({ rows }) => rows.map(([id, token]) => [toNumber(id), toNumber(token)] as const)),
  );
}

/** Deletes the rows that name jobs in the states they were seen in. */
export function dropRows(
  database: Database,
  jobs: readonly JobRecord[],
  queues: Queues,
): readonly Statement[] {
  return [
    ...database.each("dropRunning", "r.id", idsOf(jobs, "running")),
    ...database.many("dropWaitingOnes", waitingRows(jobs, queues)),
    ...database.many("dropScheduled", scheduledRows(jobs)),
    ...database.many("dropBlocked", idsOf(jobs, "blocked")),
    ...database.many("dropFinished", finishedRows(jobs, queues)),
  ];
}

function idsOf(jobs: readonly JobRecord[], state: JobState): readonly number[] {
  return jobs.filter((job) => job.state === state).map(({ id }) => toRowId(id));
}

function waitingRows(jobs: readonly JobRecord[], queues: Queues): readonly (readonly number[])[] {
  return jobs.flatMap(({ id, state, queue, priority }) =>
    state === "waiting" ? [[queues.number(queue), 0 - priority, toRowId(id)]] : [],
  );
}

function scheduledRows(jobs: readonly JobRecord[]): readonly (readonly number[])[] {
  return jobs.flatMap(({ id, state, runAt }) =>
    state === "scheduled" && runAt !== undefined ? [[runAt.getTime(), toRowId(id)]] : [],
  );
}

function finishedRows(jobs: readonly JobRecord[], queues: Queues): readonly (readonly number[])[] {
  return jobs.flatMap(({ id, state, queue }) => {
    if (state !== "completed" && state !== "failed" && state !== "cancelled") return [];
    return [[queues.number(queue), FINISHED[state], toRowId(id)]];
  });
}
