import { GangerError } from "../../errors.ts";
import type { NewJob } from "../../job/job.ts";
import { toExtra, toList, toNumber, toText } from "./rows.ts";

type Argument = string | number;

/** A command has 1,048,576 arguments at most, and a job with a head of its own takes six. */
const MAX_BATCH = 150_000;

/** The arguments of the script `enqueue`: jobs as runs of such that differ in nothing but their bodies. */
export function toEnqueueArguments(jobs: readonly NewJob[]): {
  readonly args: Argument[];
  readonly places: readonly number[];
} {
  if (jobs.length > MAX_BATCH) {
    throw new GangerError(
      "GANGER_OPTION_INVALID",
      `${jobs.length} jobs are more than Redis takes in one call`,
      {
        hint: `Enqueue ${MAX_BATCH} at a time, which are all or none each.`,
      },
    );
  }
  const queues = new Map<string, number>();
  const places: number[] = [];
  const runs: Argument[] = [];
  let head: RunHead | undefined;
  let count = 0;
  let countAt = 0;
  for (const job of jobs) {
    const next = toHead(job, queues);
    if (head === undefined || !isAlike(head, next)) {
      if (head !== undefined) runs[countAt] = count;
      runs.push(next.place, next.priority, next.when, next.value, 0);
      countAt = runs.length - 1;
      count = 0;
      head = next;
    }
    runs.push(toBody(job));
    count++;
    places.push(next.place);
  }
  runs[countAt] = count;
  return { args: [jobs.length, queues.size, ...queues.keys(), ...runs], places };
}

/** The ids in the answer of the script: serial numbers follow one another, and the number of the queue comes behind. */
export function toIds(answer: unknown, places: readonly number[]): readonly string[] {
  const [first, ...queues] = toList(answer);
  const start = toNumber(first);
  const tails = queues.map((number) => `-${toText(number)}`);
  return places.map((place, n) => `${start + n}${tails[place - 1]}`);
}

interface RunHead {
  /** Which of the queues, from 1 on. */
  readonly place: number;
  readonly priority: number;
  readonly when: "" | "d" | "a";
  readonly value: number;
}

function toHead({ queue, priority = 0, delayMs = 0, runAtMs }: NewJob, queues: Map<string, number>): RunHead {
  let place = queues.get(queue);
  if (place === undefined) {
    place = queues.size + 1;
    queues.set(queue, place);
  }
  if (runAtMs !== undefined) return { place, priority, when: "a", value: runAtMs };
  return { place, priority, when: delayMs > 0 ? "d" : "", value: delayMs };
}

function isAlike(a: RunHead, b: RunHead): boolean {
  return a.place === b.place && a.priority === b.priority && a.when === b.when && a.value === b.value;
}

/** An item but for its id and time, which the server gives it: `name[ counters]\nextra\npayload`. */
function toBody({ name, payload, priority = 0, maxCrashes, options, tags = [] }: NewJob): string {
  const rare = priority === 0 && maxCrashes === undefined ? "" : ` ${priority} ${maxCrashes ?? "-"} 0 0 0`;
  return `${name}${rare}\n${toExtra(options, tags)}\n${payload}`;
}
