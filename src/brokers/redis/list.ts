import type { JobFilter } from "../../broker/inspect.ts";
import type { JobRecord } from "../../job/job.ts";
import { JOB_STATES, type JobState } from "../../job/states.ts";
import type { Connection } from "./connection.ts";
import { find } from "./find.ts";
import { toRecord, toTexts } from "./rows.ts";

/** Where the jobs of each state are in a queue. `wait` is in order of age, and read page by page; the others are read whole. */
const PLACES: Readonly<Record<JobState, readonly string[]>> = {
  waiting: ["wait", "rank"],
  scheduled: ["later"],
  blocked: [],
  running: ["run"],
  completed: ["done", "kept"],
  failed: ["failed"],
  cancelled: ["cancelled"],
};

/**
 * Lists jobs by age. Ids come first, by the thousand, so that no call holds up the server; then the jobs of
 * the page. A job that changes its state meanwhile may be missed, or be shown in its new one if that fits.
 */
export async function list(
  connection: Connection,
  queues: readonly string[],
  filter: JobFilter,
): Promise<readonly JobRecord[]> {
  const { state, limit } = filter;
  const after = filter.after === undefined ? 0 : serialOf(filter.after);
  const states = state === undefined ? JOB_STATES : [state];
  const places = states.flatMap((each) => PLACES[each]);
  const loose = await looseIds(connection, queues, places, after);
  const records: JobRecord[] = [];
  for (let from = after, start = 0; records.length < limit; ) {
    const size = Math.max(PAGE, limit - records.length);
    const waiting = places.includes("wait") ? await waitingIds(connection, queues, from, size) : [];
    // A full page of waiting ones says nothing of what comes after its end.
    const end = waiting.length >= size ? serialOf(waiting[size - 1] ?? "") : Number.POSITIVE_INFINITY;
    const next = loose.slice(start, start + size);
    const page = [...new Set([...waiting, ...next])]
      .sort(byAge)
      .filter((id) => serialOf(id) <= end)
      .slice(0, size);
    const last = page.at(-1);
    if (last === undefined) break;
    for (const job of await find(connection, page)) {
      if (job !== undefined && matches(job, filter) && records.length < limit) records.push(toRecord(job));
    }
    from = serialOf(last);
    while (start < loose.length && serialOf(loose[start] ?? "") <= from) start++;
  }
  return records;
}

/** The first ids of plain lists after a serial number, by age. */
async function waitingIds(
  connection: Connection,
  queues: readonly string[],
  after: number,
  many: number,
): Promise<readonly string[]> {
  const lists = await Promise.all(
    queues.map(async (queue) => toTexts(await connection.run("ids", [queue, "wait", after, many]))),
  );
  return lists.flat().sort(byAge).slice(0, many);
}

async function looseIds(
  connection: Connection,
  queues: readonly string[],
  places: readonly string[],
  after: number,
): Promise<readonly string[]> {
  const wanted = places.filter((place) => place !== "wait");
  const lists = await Promise.all(
    queues.flatMap((queue) => wanted.map((place) => allIds(connection, queue, place))),
  );
  return lists
    .flat()
    .filter((id) => serialOf(id) > after)
    .sort(byAge);
}

async function allIds(connection: Connection, queue: string, place: string): Promise<readonly string[]> {
  const all: string[] = [];
  for (let from = 0; ; from += CHUNK) {
    const ids = toTexts(await connection.run("ids", [queue, place, from, CHUNK]));
    all.push(...ids);
    if (ids.length < CHUNK || place === "run") return all;
  }
}

const PAGE = 100;
const CHUNK = 5000;

/** The age of an id, also of a job that was deleted since; an id of no store's is before all. */
function serialOf(id: string): number {
  return Number(/^([1-9]\d{0,15})-\d+$/.exec(id)?.[1] ?? 0);
}

function byAge(a: string, b: string): number {
  return serialOf(a) - serialOf(b);
}

function matches(job: JobRecord, { state, queue, name, tag }: JobFilter): boolean {
  return (
    (state === undefined || job.state === state) &&
    (queue === undefined || job.queue === queue) &&
    (name === undefined || job.name === name) &&
    (tag === undefined || job.tags.includes(tag))
  );
}
