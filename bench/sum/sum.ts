import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Client, connect } from "ganger";
import { scoped } from "../scope.ts";
import { Crew } from "./crew.ts";
import { type Effects, openEffects } from "./effects.ts";
import { createNumberJob } from "./job.ts";

const CALL = 1000;
/** Some stores read all ids for a page that begins at an age: few pages. */
const PAGE = 50_000;
const BYTES = 4;
const WORKERS = 4;
const ASK_MS = 50;

/** How a sum is counted. */
export type SumWay = "transactions" | "results" | "tally";

export interface SumPlan {
  /** The integers are 1 to this. */
  readonly integers: number;
  /** After how much time a worker is killed, or after how many runs of its own, in the middle of the last. @default never */
  readonly killEvery?: { readonly ms: number } | { readonly runs: number } | undefined;
  /** Without end until then: a sum that hangs is one that is wrong. */
  readonly deadlineMs: number;
  /** @default transactions where the store has them, else results where it keeps them */
  readonly way?: SumWay | undefined;
}

export interface Sum {
  readonly way: SumWay;
  readonly ms: number;
  readonly kills: number;
  /** Runs beyond one a job: of those that were killed in the middle, or before they could say that they were done. */
  readonly reruns: number;
}

/**
 * Adds up the integers, one job each, by 4 workers. Throws unless the sum is exact: of what the jobs committed with their
 * completion, or of the results that the store keeps of completed jobs; where it keeps none, of the integers that jobs noted,
 * each once.
 */
export function measureSum(url: string, plan: SumPlan): Promise<Sum> {
  const { integers, killEvery, deadlineMs } = plan;
  return scoped(async (defer) => {
    const folder = mkdtempSync(join(tmpdir(), "ganger-sum-"));
    defer(() => rmSync(folder, { recursive: true, force: true }));
    const client = await connect(url);
    defer(() => client.close());
    const way = plan.way ?? wayOf(client);
    const effects = way === "transactions" ? await openEffects(url) : undefined;
    if (effects !== undefined) defer(() => effects.close());
    await effects?.create();
    // All results are to be kept until they are added up; a store may bound them by what `prune` was last told.
    await client.broker.maintenance?.prune({ completed: integers, failed: integers, cancelled: integers });
    await fill(client, integers);

    const lifetime = killEvery !== undefined && "runs" in killEvery ? killEvery.runs : Infinity;
    const crew = new Crew(client, { url, folder, way, lifetime });
    defer(() => crew[Symbol.asyncDispose]());
    const start = performance.now();
    await crew.start(WORKERS);
    const isDone = doneness(client, effects, integers, crew);
    const isTimeToKill = killer(killEvery !== undefined && "ms" in killEvery ? killEvery.ms : Infinity);
    while (!(await isDone())) {
      crew.assertWell();
      if (isTimeToKill()) crew.kill();
      if (performance.now() - start > deadlineMs) throw new Error(`not done within ${deadlineMs / 1000} s`);
      await delay(ASK_MS);
    }
    const ms = performance.now() - start;
    await crew.end();
    crew.assertWell();

    const noted = readTallies(crew.tallies, integers);
    if (way === "transactions" && effects !== undefined) assertSum(await effects.total(), integers, way);
    if (way === "results") assertSum(await totalOfResults(client), integers, way);
    assertSum(noted, integers, "tally");
    return { way, ms, kills: crew.kills, reruns: noted.runs - integers };
  });
}

function wayOf({ broker }: Client): SumWay {
  if (broker.transactions !== undefined) return "transactions";
  return broker.edit === undefined ? "tally" : "results";
}

async function fill(client: Client, integers: number): Promise<void> {
  const job = createNumberJob(undefined);
  for (let from = 0; from < integers; from += CALL) {
    const length = Math.min(CALL, integers - from);
    await client.enqueueMany(
      job,
      Array.from({ length }, (_, place) => from + place + 1),
    );
  }
}

/** Whether every job has been run and is on record. The store is not asked before enough runs are noted. */
function doneness(client: Client, effects: Effects | undefined, integers: number, crew: Crew) {
  return async () => {
    if (runsOf(crew) < integers) return false;
    if (effects !== undefined) return (await effects.total()).count >= integers;
    const [queue] = (await client.broker.inspect?.queues()) ?? [];
    if (queue !== undefined && queue.counts.waiting + queue.counts.running + queue.counts.scheduled > 0)
      return false;
    return readTallies(crew.tallies, integers).count >= integers;
  };
}

function killer(everyMs: number): () => boolean {
  let next = performance.now() + everyMs;
  return () => {
    if (performance.now() < next) return false;
    next = performance.now() + everyMs;
    return true;
  };
}

function runsOf({ tallies }: Crew): number {
  return tallies.reduce((runs, file) => runs + sizeOf(file) / BYTES, 0);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

async function totalOfResults({ broker }: Client) {
  let [count, sum] = [0, 0];
  for (let after: string | undefined; ; ) {
    const filter = { state: "completed", limit: PAGE } as const;
    const page = (await broker.inspect?.list(after === undefined ? filter : { ...filter, after })) ?? [];
    for (const { result } of page) sum += Number(result);
    count += page.length;
    after = page.at(-1)?.id;
    if (after === undefined) return { count, sum };
  }
}

/** What the jobs noted, each integer once. */
function readTallies(files: readonly string[], integers: number) {
  const seen = new Uint8Array(integers + 1);
  let [runs, count, sum] = [0, 0, 0];
  for (const file of files) {
    const bytes = readOrNothing(file);
    // The last entry of one that is running may be half written.
    for (let place = 0; place + BYTES <= bytes.length; place += BYTES) {
      const integer = bytes.readUInt32LE(place);
      runs++;
      if (seen[integer] === 1) continue;
      seen[integer] = 1;
      count++;
      sum += integer;
    }
  }
  return { runs, count, sum };
}

function readOrNothing(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.alloc(0);
  }
}

function assertSum(
  { count, sum }: { readonly count: number; readonly sum: number },
  integers: number,
  way: string,
) {
  const expected = (integers * (integers + 1)) / 2;
  if (count === integers && sum === expected) return;
  throw new Error(`by ${way}, the sum of 1 to ${integers} is ${sum} of ${count} integers, not ${expected}`);
}
