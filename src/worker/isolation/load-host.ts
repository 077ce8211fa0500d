import { toFailure } from "../../ipc/failure.ts";
import type { JobHooks } from "../../job/hooks.ts";
import type { JobRegistry } from "../../job/registry.ts";
import { createLog } from "../../telemetry/log.ts";
import { guardHooks, loadHooks } from "../hooks.ts";
import { loadJobs } from "../modules/load-jobs.ts";
import { JobHost } from "./job-host.ts";
import type { FromHost, HostStart } from "./messages.ts";

/** Loads what a host needs and says that it is ready, or why it never will be. */
export async function loadHost(
  { modules, hooks }: HostStart,
  send: (message: FromHost) => void,
): Promise<JobHost | undefined> {
  try {
    const jobs = await loadJobs(modules);
    const host = createHost(jobs, hooks === undefined ? {} : await loadJobHooks(hooks), send);
    send({ type: "ready" });
    return host;
  } catch (error) {
    send({ type: "failed", failure: toFailure(error) });
    return undefined;
  }
}

export function createHost(jobs: JobRegistry, hooks: JobHooks, send: (message: FromHost) => void): JobHost {
  const isHooked = hooks.beforeJob !== undefined || hooks.afterJob !== undefined;
  return new JobHost({ jobs, hooks: isHooked ? hooks : undefined, send, mark: markStreams });
}

async function loadJobHooks(file: string): Promise<JobHooks> {
  const log = createLog({
    level: "warn",
    format: "text",
    name: "job",
    write: (line) => process.stderr.write(line),
  });
  const { beforeJob, afterJob } = guardHooks(await loadHooks(file), log);
  return { beforeJob, afterJob };
}

async function markStreams(mark: string): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map((stream) => written(stream, mark)));
}

/** Also when it cannot be written: whoever reads has gone. */
function written(stream: NodeJS.WritableStream, text: string): Promise<void> {
  return new Promise((resolve) => {
    stream.write(text, () => resolve());
  });
}
