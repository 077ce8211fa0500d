import { Socket } from "node:net";
import { Link } from "../ipc/link.ts";
import type { JobHost } from "../worker/isolation/job-host.ts";
import { createHost } from "../worker/isolation/load-host.ts";
import type { FromHost, ToHost } from "../worker/isolation/messages.ts";
import { liveForWorker } from "../worker/isolation/shield.ts";
import type { Application } from "./application.ts";

export interface Newborn {
  readonly application: Application;
  readonly environment: string;
  /** The socket that is its link. */
  readonly fd: number;
  /** Where the fork server listens that it comes from. */
  readonly forks: string;
}

/** Makes a forked process one that runs jobs for a worker. */
export function becomeJob({ application, fd }: Newborn): void {
  const { jobs, hooks } = application;
  const link = new Link<ToHost, FromHost>(new Socket({ fd }), (message) => host.obey(message));
  const host: JobHost = createHost(jobs, hooks, (message) => link.send(message));
  liveForWorker(link.closed, () => host.orphaned());
  link.send({ type: "ready" });
}
