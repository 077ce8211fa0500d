import { DEFAULT_MAX_CRASHES, type NewJob } from "../../job/job.ts";
import type { Database, Transaction } from "./database.ts";
import { MAX_DUE } from "./moves.ts";
import type { Queues } from "./queues.ts";
import { type Result, toNumber } from "./rows.ts";
import { type Sender, tooLarge } from "./session.ts";
import { type SqlValue, type Statement, toChunks } from "./statement.ts";
import { toTagText } from "./tags.ts";

/** How the ids of one insert follow one another, and what a packet may hold, by the server's settings. */
interface Sizes {
  readonly idStep: number;
  readonly maxPacket: number;
}

/**
 * Adds jobs in one packet: the ids of a multi-row insert follow one another, whatever else is inserted
 * meanwhile, in every mode of `innodb_autoinc_lock_mode`. The server's clock is asked first for jobs with a time.
 */
export async function enqueue(
  { database, queues }: Store,
  transaction: Transaction,
  jobs: readonly NewJob[],
): Promise<readonly string[]> {
  const { session } = transaction;
  const times = await toTimes(database, transaction, jobs);
  const chunks = toRows({ database, queues }, jobs, times, session.maxPacket);
  const packet = chunks.flatMap((rows) => toInsert(database, rows, session));
  return toIds(chunks, await transaction.commit([database.statement("setNow"), ...packet]), session.idStep);
}

/** The same for a connection of the user's, whose transaction is theirs to end. */
export async function enqueueWithin(
  { database, queues }: Store,
  sender: Sender,
  jobs: readonly NewJob[],
  sizes: Sizes,
): Promise<readonly string[]> {
  const times = await toTimes(database, sender, jobs);
  const chunks = toRows({ database, queues }, jobs, times, sizes.maxPacket);
  const results = await sender.send([
    database.statement("setNow"),
    ...chunks.flatMap((rows) => toInsert(database, rows, sizes)),
  ]);
  return toIds(chunks, results, sizes.idStep);
}

interface Store {
  readonly database: Database;
  readonly queues: Queues;
}

type JobRow = readonly [
  queue: number,
  name: string,
  payload: string,
  priority: number,
  due: number | null,
  maxCrashes: number,
  options: string | null,
  tags: string | null,
  enqueuedAt: SqlValue,
];

interface Times {
  readonly now: SqlValue;
  /** When each job is due, or null when it is now; `undefined` when all are. */
  readonly due?: readonly (number | null)[];
}

async function toTimes(database: Database, sender: Sender, jobs: readonly NewJob[]): Promise<Times> {
  const isPlain = jobs.every(({ delayMs = 0, runAtMs = 0 }) => delayMs === 0 && runAtMs === 0);
  if (isPlain) return { now: { raw: database.nowVariable } };
  const [answer] = await sender.send([database.statement("now")]);
  const now = toNumber(answer?.rows[0]?.[0]);
  const due = jobs.map(({ delayMs, runAtMs }) => {
    const time = Math.min(runAtMs ?? now + (delayMs ?? 0), MAX_DUE);
    return time > now ? time : null;
  });
  return { now, due };
}

function toRows(
  { queues }: Store,
  jobs: readonly NewJob[],
  { now, due }: Times,
  maxPacket: number,
): readonly (readonly JobRow[])[] {
  return toChunks(
    jobs.map((job, place): JobRow => {
      const { payload, priority = 0, maxCrashes = DEFAULT_MAX_CRASHES, options = null, tags = [] } = job;
      if (payload.length * 3 > maxPacket / 2) assertFits(payload, maxPacket);
      const number = queues.number(job.queue);
      return [
        number,
        job.name,
        payload,
        priority,
        due?.[place] ?? null,
        maxCrashes,
        options,
        toTagText(tags),
        now,
      ];
    }),
  );
}

function assertFits(payload: string, maxPacket: number): void {
  const bytes = Buffer.byteLength(payload);
  if (bytes > maxPacket / 2) throw tooLarge(bytes, maxPacket);
}

function toInsert(database: Database, rows: readonly JobRow[], { idStep }: Sizes): readonly Statement[] {
  const waiting: SqlValue[][] = [];
  const scheduled: SqlValue[][] = [];
  for (const [place, [queue, , , priority, due]] of rows.entries()) {
    const id = { raw: `${database.firstVariable}+${place * idStep}` };
    if (due === null) waiting.push([queue, 0 - priority, id, 0]);
    else scheduled.push([due, id, 0]);
  }
  return [
    database.statement("insertJobs", rows),
    database.statement("setFirst"),
    ...database.many("addWaiting", waiting),
    ...database.many("addScheduled", scheduled),
  ];
}

/** Only inserts of jobs have made ids; each answer names the first. */
function toIds(
  chunks: readonly (readonly JobRow[])[],
  results: readonly Result[],
  idStep: number,
): readonly string[] {
  const firsts = results.flatMap(({ firstId }) => (firstId > 0 ? [firstId] : []));
  return chunks.flatMap((rows, chunk) =>
    rows.map((_, place) => String((firsts[chunk] ?? 0) + place * idStep)),
  );
}
