import { randomBytes } from "node:crypto";
import { GangerError } from "../../errors.ts";
import { DEFAULT_MAX_CRASHES, type NewJob } from "../../job/job.ts";
import type { Desk } from "./desk.ts";
import { type Parcel, UNTRIED } from "./message.ts";

/** Ids are of this process and a number. */
const OWN = randomBytes(9).toString("base64url");
let lastNumber = 0;

/**
 * Adds jobs and resolves with their ids once the server has them all. Each is a message of its own: when the
 * server or this process dies meanwhile, some of a batch may be there.
 */
export async function enqueue(desk: Desk, jobs: readonly NewJob[]): Promise<readonly string[]> {
  const now = Date.now();
  const { frameMax } = desk.publisher;
  const parcels = jobs.map((job) => ({ parcel: toParcel(job, now, frameMax), delayMs: delayOf(job, now) }));
  await desk.send(await desk.address(parcels));
  for (const queue of newsOf(jobs)) desk.tellNews(queue);
  return parcels.map(({ parcel }) => parcel.id);
}

/** Queues that have something to claim now; `undefined` stands for any. */
export function newsOf(jobs: readonly NewJob[]): ReadonlySet<string | undefined> {
  return new Set(
    jobs.map(({ queue, delayMs, runAtMs }) => ((delayMs ?? runAtMs) === undefined ? queue : undefined)),
  );
}

function toParcel(job: NewJob, now: number, frameMax: number): Parcel {
  const { queue, name, payload, priority = 0, maxCrashes = DEFAULT_MAX_CRASHES, options, tags = [] } = job;
  const tagText = tags.length === 0 ? undefined : JSON.stringify(tags);
  assertHeaders(options, tagText, frameMax);
  return {
    ...UNTRIED,
    id: `${OWN}-${(lastNumber++).toString(36)}`,
    queue,
    name,
    payload: Buffer.from(payload),
    priority,
    maxCrashes,
    options,
    tags: tagText,
    enqueuedAtMs: now,
  };
}

/** The server has no clock that can be asked: a time of day is taken by this process's own. */
function delayOf({ delayMs, runAtMs }: NewJob, now: number): number {
  return Math.max(0, runAtMs === undefined ? (delayMs ?? 0) : runAtMs - now);
}

/**
 * All headers of a message go into one frame, of 128 KiB where the server's `frame_max` says nothing else. A larger one would
 * end the connection.
 *
 * @throws `GANGER_OPTION_INVALID` when these leave too little of it for the rest.
 */
export function assertHeaders(options: string | undefined, tags: string | undefined, frameMax: number): void {
  const bytes = Buffer.byteLength(options ?? "") + Buffer.byteLength(tags ?? "");
  const allowed = Math.min(MAX_HEADER_BYTES, frameMax - OTHER_BYTES);
  if (bytes <= allowed) return;
  throw new GangerError("GANGER_OPTION_INVALID", `The options and tags of a job take ${bytes} bytes`, {
    hint: `This RabbitMQ takes ${allowed} beside the payload; put the rest into that.`,
  });
}

const MAX_HEADER_BYTES = 65_536;
/** What else may be in the frame, now or once the job has failed. */
const OTHER_BYTES = 1500;
