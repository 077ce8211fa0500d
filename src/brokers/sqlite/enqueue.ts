import { DEFAULT_MAX_CRASHES, type NewJob } from "../../job/job.ts";
import type { Connection } from "./connection.ts";
import type { Queues } from "./queues.ts";
import { toNumber } from "./rows.ts";

/**
 * Adds jobs in the write transaction that is open. `wakes` is whether anybody
 * need be woken: workers come back to a queue until they find it empty, so that
 * only a job for an empty queue, or one due before all others, is news.
 */
export function enqueue(
  connection: Connection,
  queues: Queues,
  jobs: readonly NewJob[],
  now: number,
): { readonly ids: readonly string[]; readonly wakes: boolean } {
  const due = jobs.map((job) => dueOf(job, now));
  const rows = jobs.map((job, place) => toRow(job, queues.ensure(job.queue), due[place] ?? null));
  const wakes = isNews(connection, rows);
  const lastId = insert(connection, rows, now);
  const firstId = lastId - jobs.length + 1;
  if (due.includes(null)) connection.statement("insertWaiting").run(firstId, lastId);
  if (due.some((time) => time !== null)) connection.statement("insertScheduled").run(firstId, lastId);
  return { ids: jobs.map((_, place) => String(firstId + place)), wakes };
}

/** Ids follow one another, for nobody else writes meanwhile. The answer is the last. */
function insert(connection: Connection, rows: readonly JobRow[], now: number): number {
  const [first] = rows;
  if (first === undefined || !rows.every((row) => isAlike(row, first))) {
    return connection.statement("insertJobs").run(now, JSON.stringify(rows)).lastId;
  }
  if (rows.length === 1) return connection.statement("insertJob").run(...first, now).lastId;
  const [queue, name, , ...rest] = first;
  const payloads = JSON.stringify(rows.map(([, , payload]) => payload));
  return connection.statement("insertAlike").run(queue, name, ...rest, now, payloads).lastId;
}

/** Whether two jobs differ in nothing but their payloads. */
function isAlike(a: JobRow, b: JobRow): boolean {
  return a.every((value, column) => column === PAYLOAD || value === b[column]);
}

const PAYLOAD = 2;

type JobRow = readonly [
  queue: number,
  name: string,
  payload: string,
  priority: number,
  due: number | null,
  maxCrashes: number,
  options: string | null,
  tags: string | null,
];

function toRow(job: NewJob, queue: number, due: number | null): JobRow {
  const { name, payload, priority = 0, maxCrashes = DEFAULT_MAX_CRASHES, options = null, tags = [] } = job;
  return [
    queue,
    name,
    payload,
    priority,
    due,
    maxCrashes,
    options,
    tags.length === 0 ? null : JSON.stringify(tags),
  ];
}

/** When a job is due, or null when it is now. */
function dueOf({ delayMs, runAtMs }: NewJob, now: number): number | null {
  const due = Math.min(runAtMs ?? now + (delayMs ?? 0), MAX_DUE);
  return due > now ? due : null;
}

/** The last millisecond that a `Date` can name. */
export const MAX_DUE = 8.64e15;

function isNews(connection: Connection, rows: readonly JobRow[]): boolean {
  const queues = new Set<number>();
  let earliest = Number.POSITIVE_INFINITY;
  for (const [queue, , , , due] of rows) {
    if (due === null) queues.add(queue);
    else earliest = Math.min(earliest, due);
  }
  const hasWaiting = connection.statement("hasWaiting");
  for (const queue of queues) if (hasWaiting.get(queue) === undefined) return true;
  if (earliest === Number.POSITIVE_INFINITY) return false;
  return earliest < toNumber(connection.statement("nextDue").get()?.[0] ?? Number.POSITIVE_INFINITY);
}
