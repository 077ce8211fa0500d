import { once } from "node:events";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { refreshEntropy } from "ganger-fork";
import type { Claim } from "../broker/claim.ts";
import { Link } from "../ipc/link.ts";
import { defineJob } from "../job/define-job.ts";
import { JobRegistry } from "../job/registry.ts";
import { JobHost } from "../worker/isolation/job-host.ts";
import type { FromHost, ToHost } from "../worker/isolation/messages.ts";

/**
 * Runs jobs that do nothing, as a child would, until V8 has compiled what they take: each child would have to do that for
 * itself otherwise, which takes about as much of its CPU as all else that it does. Listens at `path` for so long, and
 * leaves nothing open.
 */
export async function rehearse(path: string): Promise<void> {
  rmSync(path, { force: true });
  const server = createServer().listen(path);
  await once(server, "listening");
  for (let token = 1; token <= ROUNDS; token++) await runOne(path, server, token);
  server.close();
  await once(server, "close");
  for (let round = 0; round < ROUNDS; round++) refreshEntropy();
}

const ROUNDS = 30;
const JOB = "rehearsal";

async function runOne(path: string, server: Server, token: number): Promise<void> {
  const here = connect(path);
  const [there]: Socket[] = await once(server, "connection");
  if (there === undefined) return;
  const jobs = new JobRegistry([defineJob({ name: JOB, perform: (payload) => payload })]);
  const child = new Link<ToHost, FromHost>(here, (message) => host.obey(message));
  const host = new JobHost({ jobs, send: (message) => child.send(message), mark: async () => undefined });
  const worker = new Link<FromHost, ToHost>(there, ({ type }) => {
    if (type === "done") worker.close();
  });
  worker.send({ type: "run", claim: claimOf(token), broker: { name: JOB, url: undefined } });
  await child.closed;
  here.destroy();
  await Promise.all([closed(here), closed(there)]);
}

async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await once(socket, "close");
}

function claimOf(token: number): Claim {
  const counts = { attempts: 0, interruptions: 0, crashes: 0 };
  return {
    id: `${token}`,
    token,
    queue: JOB,
    name: JOB,
    payload: "{}",
    priority: 0,
    enqueuedAtMs: 0,
    ...counts,
  };
}
