import { spawn } from "node:child_process";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { GangerError } from "../../errors.ts";
import { invalidConfig } from "../check/problems.ts";
import type { Answer } from "../evaluate.ts";
import { isMapping } from "../layer/sources.ts";
import { DIST } from "../module/import.ts";
import type { PlainConfig, PlainOptions } from "../module/plain.ts";

/** Makes plain data of a configuration module. */
export type Evaluate = (options: PlainOptions) => Promise<PlainConfig>;

/**
 * Evaluates a configuration module in a process of its own, as it is user code:
 * it may block, crash or load half a database, and none of that is ours.
 */
export async function evaluateModule(options: PlainOptions, timeoutMs = 30_000): Promise<PlainConfig> {
  const answer = await ask(options, timeoutMs);
  if (answer.ok) return { data: answer.data, isDynamic: answer.isDynamic };
  const cause = new Error(answer.reason);
  if (answer.stack !== undefined) cause.stack = answer.stack;
  throw brokenModule(options.file, answer.reason, cause);
}

/** The error for a module that is no configuration. */
export function brokenModule(file: string, reason: string, cause: unknown): GangerError {
  return invalidConfig([`${basename(file)}: ${reason.trim().replaceAll(/\s+/g, " ")}`], cause);
}

function ask({ file, environment }: PlainOptions, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const script = fileURLToPath(new URL("config/evaluate.js", DIST));
    const child = spawn(process.execPath, [script, file, environment], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    let text = "";
    let said = "";
    const finish = (answer: Answer) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      for (const stream of child.stdio) stream?.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => finish(failure(`took longer than ${timeoutMs / 1000} s`)), timeoutMs);

    const [, , , channel] = child.stdio;
    channel?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith("\n")) finish(toAnswer(text));
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    }
    child.on("error", (error) => finish(failure(`cannot be evaluated: ${error.message}`)));
    child.on("close", (code, signal) => finish(failure(explainEnd(signal ?? `code ${code}`, said))));
  });
}

/** Why a process ended without an answer, from what it printed. */
function explainEnd(end: string, said: string): string {
  const place = /^file:\S+:\d+$/m.exec(said)?.[0];
  const slip = /^SyntaxError: .+$/m.exec(said)?.[0];
  if (place !== undefined && slip !== undefined) return `cannot be loaded: ${slip} (${place})`;
  return `ended with ${end} before it was loaded${said === "" ? "" : `: ${said}`}`;
}

function failure(reason: string): Answer {
  return { ok: false, reason, stack: undefined };
}

/** User code can write to the channel as well: nothing that comes over it is trusted to have a form. */
function toAnswer(text: string): Answer {
  try {
    const answer: unknown = JSON.parse(text);
    if (!isMapping(answer)) return failure("answered with something else than a configuration");
    if (answer["ok"] === true)
      return { ok: true, data: answer["data"], isDynamic: answer["isDynamic"] === true };
    const { reason, stack } = answer;
    return { ok: false, reason: String(reason), stack: typeof stack === "string" ? stack : undefined };
  } catch {
    return failure("answered with something that is no JSON");
  }
}
