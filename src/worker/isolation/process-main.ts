import { type Link, toParent } from "../../ipc/link.ts";
import type { JobHost } from "./job-host.ts";
import { loadHost } from "./load-host.ts";
import type { FromHost, ToHost } from "./messages.ts";
import { liveForWorker } from "./shield.ts";

/** The program of a process that runs one job at a time for a worker. */

let host: JobHost | undefined;
const early: ToHost[] = [];

const link: Link<ToHost, FromHost> = toParent<ToHost, FromHost>((message) => {
  if (message.type === "start") void load(message.start);
  else if (host === undefined) early.push(message);
  else host.obey(message);
});

async function load(start: Extract<ToHost, { type: "start" }>["start"]): Promise<void> {
  host = await loadHost(start, (message) => link.send(message));
  if (host === undefined) {
    process.exitCode = 1;
    return link.end();
  }
  for (const message of early.splice(0)) host.obey(message);
}

liveForWorker(link.closed, () => host?.orphaned());
