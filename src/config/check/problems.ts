import type { z } from "zod";
import { GangerError } from "../../errors.ts";
import { toKey } from "../explain.ts";
import { describeSource, type Path, type Source, type Sourced, sourceAt } from "../layer/sources.ts";
import { redact } from "../redact.ts";
import { heartbeatSchema, logSchema, retentionSchema, settingsSchema, workerSchema } from "../schema.ts";
import { suggest } from "./suggestions.ts";

/** One thing that is wrong with a value of the configuration. */
export interface Problem {
  readonly path: Path;
  readonly reason: string;
  /** Where it was said, if that cannot be told from the path. */
  readonly source?: Source;
}

/** What the schema says, one problem per bad value or unknown key. */
export function toProblems({ issues }: z.ZodError): readonly Problem[] {
  return issues.flatMap((issue): readonly Problem[] => {
    const path = issue.path.map(String);
    if (issue.code === "invalid_key") return issue.issues.map(({ message }) => ({ path, reason: message }));
    if (issue.code !== "unrecognized_keys") return [{ path, reason: issue.message }];
    return issue.keys.map((key) => ({ path: [...path, key], reason: unknownKey(key, path) }));
  });
}

function unknownKey(key: string, path: Path): string {
  const known = knownKeys(path);
  const meant = suggest(key, known);
  return `is no option. ${meant === undefined ? `There is ${known.join(", ")}.` : `Did you mean ${meant}?`}`;
}

function knownKeys([first, second]: Path): readonly string[] {
  if (first === undefined) return [...Object.keys(settingsSchema.shape), "environments"];
  if (first === "workers") return Object.keys(workerSchema.shape);
  if (first === "retention") return second === undefined ? Object.keys(retentionSchema.shape) : ["count"];
  return Object.keys(first === "heartbeat" ? heartbeatSchema.shape : logSchema.shape);
}

/** A problem for people, and the line of the file it is in, to sort by. */
export interface Report {
  readonly line: number;
  readonly text: string;
}

/** Says where, which key, and why. The key is the one in the file, with its environment. */
export function report(problem: Problem, tree: Sourced, cwd: string): Report {
  const { path, reason, source = sourceAt(tree, path) } = problem;
  const isOwn = source.kind === "file" && source.key.endsWith(toKey(path));
  const key = isOwn ? source.key : toKey(path);
  const subject = key === "" ? reason : `${key}: ${reason}`;
  const place = source.kind === "default" ? "" : `${describeSource(source, cwd)}: `;
  return { line: source.kind === "file" ? (source.line ?? 0) : 0, text: redact(place + subject) };
}

/** One error for all problems, each of them once, in the order of the file. */
export function invalidReports(reports: readonly Report[]): GangerError {
  return invalidConfig(new Set(reports.toSorted((a, b) => a.line - b.line).map(({ text }) => text)));
}

export function invalidConfig(lines: Iterable<string>, cause?: unknown): GangerError {
  const all = [...lines];
  const title =
    all.length === 1 ? "The configuration has a problem" : `The configuration has ${all.length} problems`;
  return new GangerError(
    "GANGER_CONFIG_INVALID",
    [`${title}:`, ...all.map((line) => `  ${line}`)].join("\n"),
    {
      cause,
      hint: "Correct it and try again: ganger check",
    },
  );
}
