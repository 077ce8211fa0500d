import { spawn } from "node:child_process";
import { isMapping } from "../layer/sources.ts";

/** Where the compiled files are, also when this one is run from its source. */
const DIST = new URL(import.meta.url.endsWith(".ts") ? "../../../dist/" : "../../", import.meta.url);

const CHANNEL = 3;

/** Loads the job modules as a worker does, and writes the queues that their jobs go to. */
const PROGRAM = `
import { writeSync } from "node:fs";
const [, load, ...paths] = process.argv;
const answer = {};
try {
  const { loadJobs } = await import(load);
  const jobs = await loadJobs(paths);
  answer.queues = jobs.names.map((name) => jobs.get(name).queue);
} catch (error) {
  answer.reason = error.message;
}
writeSync(${CHANNEL}, JSON.stringify(answer));
process.exit();
`;

export type JobQueues =
  | { readonly queues: readonly string[]; readonly reason?: undefined }
  | { readonly queues?: undefined; readonly reason: string };

/** The queues that the jobs of these modules go to by default. Runs them in a process of its own, as it is user code. */
export function readJobQueues(paths: readonly string[], timeoutMs = 20_000): Promise<JobQueues> {
  return new Promise((resolve) => {
    const load = new URL("worker/modules/load-jobs.js", DIST).href;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM, load, ...paths], {
      stdio: ["ignore", "ignore", "ignore", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    let text = "";
    child.stdio[CHANNEL]?.on("data", (chunk: Buffer) => (text += chunk.toString()));
    child.on("error", ({ message }) => resolve({ reason: message }));
    child.on("close", (code, signal) => resolve(toQueues(text, signal ?? `code ${code}`)));
  });
}

function toQueues(text: string, end: string): JobQueues {
  try {
    const answer: unknown = JSON.parse(text);
    if (isMapping(answer) && Array.isArray(answer["queues"])) return { queues: answer["queues"].map(String) };
    const reason = isMapping(answer) ? String(answer["reason"]).replaceAll(/\s+/g, " ") : "";
    // That something is not installed here is no fault of the configuration.
    if (reason.includes("Cannot find package")) return { queues: [] };
    if (reason !== "") return { reason };
  } catch {
    // Whatever the modules did to their process, it said nothing.
  }
  return { reason: `the process that loaded them ended with ${end}` };
}
