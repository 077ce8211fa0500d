import { readSync, writeSync } from "node:fs";
import { ForkError, quiet, serve } from "ganger-fork";
import { toFailure } from "../ipc/failure.ts";
import { LINK_DESCRIPTOR } from "../ipc/link.ts";
import type { Failure } from "../ipc/messages.ts";
import { createLog } from "../telemetry/log.ts";
import { forbidCompilerThread } from "../worker/modules/typescript.ts";
import { loadApplication } from "./application.ts";
import { becomeJob } from "./become-job.ts";
import { becomeWorker } from "./become-worker.ts";
import type { ForkRequest, ForkServerStart, FromForkServer } from "./messages.ts";
import { rehearse } from "./rehearse.ts";
import { rehearsalSocketOf } from "./sockets.ts";

/**
 * The program that loads an application and forks workers and jobs from it. Once it
 * serves it runs no JavaScript any more; what comes after that is a child's.
 *
 * Its link is read and written without an event loop: a socket that were open in there
 * would be every child's as well.
 */

/** A request says what a child is to become, and where its sockets are. Jobs come over its link, and are not bounded by this. */
const MAX_REQUEST_BYTES = 4 * 1024 ** 2;
const COMPILER_THREAD =
  "a thread compiles its TypeScript, and a process with threads cannot be forked; build it to JavaScript, or run it on Node.js 22.18 or later";
const link = { parentFd: LINK_DESCRIPTOR, readyFd: LINK_DESCRIPTOR };

const start: ForkServerStart = JSON.parse(readLine());
const { app, environment } = start;
process.title = `ganger[${app}]: fork server: loading`;
const log = createLog({ ...start.log, name: "fork", write: (line) => process.stderr.write(line) });

try {
  forbidCompilerThread(() => new ForkError("GANGER_FORK_NOT_QUIET", COMPILER_THREAD));
  const application = await loadApplication(start, (what) => tell({ type: "loading", what }), log);
  await rehearse(rehearsalSocketOf(start.socket));
  await quiet(link);
  process.title = `ganger[${app}]: fork server`;
  const { request, sockets } = serve(start.socket, { ...link, maxRequestBytes: MAX_REQUEST_BYTES });
  const { kind }: ForkRequest = JSON.parse(request.toString("utf8"));
  const child = { application, environment, fd: sockets[0] ?? LINK_DESCRIPTOR, forks: start.socket };
  if (kind === "job") becomeJob(child);
  else becomeWorker(child);
} catch (error) {
  tell({ type: "failed", failure: describe(error) });
  process.exit(1);
}

function tell(message: FromForkServer): void {
  try {
    writeSync(LINK_DESCRIPTOR, `${JSON.stringify(message)}\n`);
  } catch {
    // The manager is gone, and nobody needs this process any more.
    process.exit(1);
  }
}

/** What keeps an application from being forked is its own affair: it is named, and none of it is a crash. */
function describe(error: unknown): Failure {
  if (!(error instanceof ForkError)) return toFailure(error);
  const { code, message, open = [] } = error;
  if (open.length === 0) return { code, message };
  const names = open.map(({ kind, detail }) => (detail === "" ? kind : `${kind} ${detail}`));
  return {
    code,
    message: `left open by what it loaded: ${names.join(", ")}; close it in the hook beforeFork, and open it again in afterFork`,
  };
}

/** The rest of the line is on its way as soon as its beginning is there. */
function readLine(): string {
  const chunk = Buffer.alloc(64 * 1024);
  let text = "";
  while (!text.endsWith("\n")) {
    const count = readSync(LINK_DESCRIPTOR, chunk);
    if (count === 0) process.exit(1);
    text += chunk.toString("latin1", 0, count);
  }
  return Buffer.from(text, "latin1").toString("utf8");
}
