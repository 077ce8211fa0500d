import type { z } from "zod";
import { GangerError } from "../../errors.ts";
import { toKey } from "../explain.ts";
import { describeSource, type Path, type Source, type Sourced, sourceAt } from "../layer/sources.ts";
import { redact } from "../redact.ts";
import { execFields } from "../schema/exec.ts";
import { isolationFields } from "../schema/isolation.ts";
import { workerSchema } from "../schema/worker.ts";
import { heartbeatSchema, logSchema, optionsSchema, restartSchema, retentionSchema } from "../schema.ts";
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
  return issues.flatMap((issue) => problemsOf(issue));
}

function problemsOf(issue: z.core.$ZodIssue, above: Path = []): readonly Problem[] {
  const path = [...above, ...issue.path.map(String)];
  const { code } = issue;
  if (code === "invalid_key") return issue.issues.map(({ message }) => ({ path, reason: message }));
  if (code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...path, key], reason: unknownKey(key, path) }));
  const choices: readonly (readonly z.core.$ZodIssue[])[] = code === "invalid_union" ? issue.errors : [];
  // A mapping can only be meant as the mapping that is one of the choices.
  const meant = choices.find((choice) => choice.some(({ path: [key] }) => typeof key === "string"));
  return meant?.flatMap((inner) => problemsOf(inner, path)) ?? [{ path, reason: issue.message }];
}

/** Options of other versions than this one, by what they come with. */
const LATER: Readonly<Record<string, string>> = {
  plan: "comes with the global plan of queues, not in this version; count workers in workers",
};

function unknownKey(key: string, path: Path): string {
  const later = path.length === 0 && Object.hasOwn(LATER, key) ? LATER[key] : undefined;
  if (later !== undefined) return later;
  const known = knownKeys(path);
  const meant = suggest(key, known);
  return `is no option. ${meant === undefined ? `There is ${known.join(", ")}.` : `Did you mean ${meant}?`}`;
}

function knownKeys([first, second, third]: Path): readonly string[] {
  switch (first) {
    case undefined:
      return [...Object.keys(optionsSchema.shape), "environments"];
    case "workers":
      if (third === undefined) return Object.keys(workerSchema.shape);
      return Object.keys(third === "isolation" ? isolationFields : execFields);
    case "retention":
      return second === undefined ? Object.keys(retentionSchema.shape) : ["count"];
    case "heartbeat":
      return Object.keys(heartbeatSchema.shape);
    case "restart":
      return Object.keys(restartSchema.shape);
    default:
      return Object.keys(logSchema.shape);
  }
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
