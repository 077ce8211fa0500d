import { DEFAULT_MAX_CRASHES, type NewJob } from "../../job/job.ts";
import { int4s, int8s, texts } from "./binary.ts";
import type { Run } from "./lanes.ts";
import type { Queues } from "./queues.ts";
import { single, toText } from "./rows.ts";

export type Span = readonly [first: number, last: number];

/** What a batch may be news of: the first and last new job of each queue, and of all where some are scheduled. */
export interface News {
  readonly queues: ReadonlyMap<number, Span>;
  readonly scheduled: Span | undefined;
}

export interface Enqueued {
  readonly ids: readonly string[];
  readonly news: News;
}

/** Adds jobs, all or none, by one statement. The queues are known. */
export async function enqueue(run: Run, queues: Queues, jobs: readonly NewJob[]): Promise<Enqueued> {
  const [first] = jobs;
  const numbers = jobs.map(({ queue }) => queues.known(queue) ?? 0);
  const isAlike = first !== undefined && jobs.every((job) => areAlike(job, first));
  const answer = isAlike
    ? await insertAlike(run, first, jobs, numbers[0] ?? 0)
    : await insertAny(run, jobs, numbers);
  const ids = toIds(answer, jobs.length);
  return { ids: ids.map(String), news: toNews(jobs, numbers, ids) };
}

function insertAlike(run: Run, first: NewJob, jobs: readonly NewJob[], queue: number): Promise<string> {
  const { name, priority = 0, delayMs = 0, runAtMs = null, maxCrashes = DEFAULT_MAX_CRASHES } = first;
  const { options = null } = first;
  return insert(
    run,
    "insertAlike",
    [
      queue,
      name,
      0 - priority,
      runAtMs,
      delayMs,
      maxCrashes,
      options,
      toTags(first),
      texts(jobs.map(({ payload }) => payload)),
    ],
    jobs.length,
  );
}

function insertAny(run: Run, jobs: readonly NewJob[], numbers: readonly number[]): Promise<string> {
  return insert(
    run,
    "insertJobs",
    [
      int4s(numbers),
      texts(jobs.map(({ name }) => name)),
      int4s(jobs.map(({ priority = 0 }) => 0 - priority)),
      int8s(jobs.map(({ runAtMs = null }) => runAtMs)),
      int8s(jobs.map(({ delayMs = 0 }) => delayMs)),
      int4s(jobs.map(({ maxCrashes = DEFAULT_MAX_CRASHES }) => maxCrashes)),
      texts(jobs.map(({ options = null }) => options)),
      texts(jobs.map(toTags)),
      texts(jobs.map(({ payload }) => payload)),
    ],
    jobs.length,
  );
}

async function insert(
  run: Run,
  statement: string,
  values: readonly unknown[],
  rows: number,
): Promise<string> {
  return toText(single(await run(statement, values, rows)));
}

/** Whether two jobs differ in nothing but their payloads. */
function areAlike(a: NewJob, b: NewJob): boolean {
  return (
    a.queue === b.queue &&
    a.name === b.name &&
    a.priority === b.priority &&
    a.delayMs === b.delayMs &&
    a.runAtMs === b.runAtMs &&
    a.maxCrashes === b.maxCrashes &&
    a.options === b.options &&
    toTags(a) === toTags(b)
  );
}

/** The server's JSON takes neither a NUL nor half of a surrogate pair. */
function toTags({ tags = [] }: NewJob): string | null {
  if (tags.length === 0) return null;
  return JSON.stringify(tags.map((tag) => Buffer.from(tag.replaceAll("\0", "\uFFFD")).toString()));
}

/** One number: they follow one another from there. */
function toIds(answer: string, length: number): readonly number[] {
  if (answer.includes(",")) return answer.split(",").map(Number);
  const first = Number(answer);
  return Array.from({ length }, (_, place) => first + place);
}

function toNews(jobs: readonly NewJob[], numbers: readonly number[], ids: readonly number[]): News {
  const queues = new Map<number, Span>();
  let hasScheduled = false;
  for (const [place, { delayMs = 0, runAtMs }] of jobs.entries()) {
    if (delayMs > 0 || runAtMs !== undefined) hasScheduled = true;
    // A job whose time is past is waiting: only the server's clock can tell.
    if (delayMs > 0) continue;
    const queue = numbers[place] ?? 0;
    const id = ids[place] ?? 0;
    const [first] = queues.get(queue) ?? [id];
    queues.set(queue, [first, id]);
  }
  return { queues, scheduled: hasScheduled ? [ids[0] ?? 0, ids.at(-1) ?? 0] : undefined };
}
