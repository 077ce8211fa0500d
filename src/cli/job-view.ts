import type { JobDetails, JobRecord } from "../job/job.ts";
import type { JobState } from "../job/states.ts";
import { excerpt, type Paint, printable, type Style, toTime } from "./output.ts";
import { table } from "./table.ts";

const STATE_STYLE: Readonly<Partial<Record<JobState, Style>>> = {
  running: "cyan",
  completed: "green",
  failed: "red",
  cancelled: "dim",
};

/** A job as a JSON document: what the store keeps as JSON text is a value again. */
export function toDocument(job: JobRecord): object {
  const { payload, options, result } = job;
  return { ...job, payload: parse(payload), options: parse(options), result: parse(result) };
}

export function jobTable(jobs: readonly JobRecord[], paint: Paint): string {
  if (jobs.length === 0) return paint("dim", "no job matches");
  const columns = [
    { title: "id" },
    { title: "queue" },
    { title: "name" },
    { title: "state" },
    { title: "priority", align: "right" as const },
    { title: "attempts", align: "right" as const },
    { title: "enqueued" },
    { title: "detail" },
  ];
  const rows = jobs.map((job) => [
    job.id,
    job.queue,
    job.name,
    paintState(job.state, paint),
    job.priority,
    job.attempts,
    toTime(job.enqueuedAt),
    excerpt(detail(job), 60),
  ]);
  return table(columns, rows, paint);
}

export function jobDetails(job: JobDetails, paint: Paint): string {
  const facts = factsOf(job).flatMap(([label, value]) =>
    value === undefined ? [] : [`${paint("dim", label.padEnd(15))}${excerpt(String(value), 500)}`],
  );
  const { error, history, logs } = job;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["payload", lines(pretty(job.payload))],
    ["options", job.options === undefined ? [] : lines(pretty(job.options))],
    ["result", job.result === undefined ? [] : lines(pretty(job.result))],
    ["error", error === undefined ? [] : lines(error.stack ?? `${error.name}: ${error.message}`)],
    ["history", history.map(({ at, event, detail: why = "" }) => `${toTime(at)}  ${event}  ${why}`)],
    ["log", logs.map(({ at, line }) => `${toTime(at)}  ${line}`)],
  ];
  const texts = sections
    .filter(([, body]) => body.length > 0)
    .map(([title, body]) => [paint("bold", title), ...body.map((line) => `  ${printable(line)}`)].join("\n"));
  return [[paint(STATE_STYLE[job.state] ?? "bold", job.id), ...facts].join("\n"), ...texts].join("\n\n");
}

function factsOf(job: JobRecord): readonly (readonly [string, string | number | undefined])[] {
  const { runAt, claimedAt, finishedAt, expiresAt, progress } = job;
  return [
    ["name", job.name],
    ["queue", job.queue],
    ["state", job.state],
    ["priority", job.priority],
    ["attempts", job.attempts],
    ["interruptions", job.interruptions],
    ["crashes", `${job.crashes} of ${job.maxCrashes}`],
    ["tags", job.tags.length === 0 ? undefined : job.tags.join(", ")],
    ["enqueued", toTime(job.enqueuedAt)],
    ["runs at", runAt && toTime(runAt)],
    ["claimed", claimedAt && toTime(claimedAt)],
    ["holder", job.holder],
    ["progress", progress === undefined ? undefined : percent(progress)],
    ["finished", finishedAt && toTime(finishedAt)],
    ["kept until", expiresAt && toTime(expiresAt)],
  ];
}

/** What one would like to know of a job in its state. */
function detail({ state, runAt, holder = "", progress, error }: JobRecord): string {
  if (state === "scheduled" && runAt !== undefined) return `due ${toTime(runAt)}`;
  if (state === "running") return progress === undefined ? holder : `${percent(progress)} ${holder}`;
  return state === "completed" || error === undefined ? "" : error.message;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function paintState(state: JobState, paint: Paint): string {
  const style = STATE_STYLE[state];
  return style === undefined ? state : paint(style, state);
}

function pretty(text: string): string {
  const value = parse(text);
  return typeof value === "string" ? value : JSON.stringify(value, undefined, 2);
}

function lines(text: string): readonly string[] {
  return text.split("\n");
}

/** JSON as a value; a text that is none stays what it is. */
function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
