import { Socket } from "node:net";
import { Link } from "../ipc/link.ts";
import type { FromWorker, ToWorker } from "../ipc/messages.ts";
import { runWorkerProcess } from "../worker/process/run.ts";
import type { Newborn } from "./become-job.ts";
import { forkLauncher } from "./launch-fork.ts";

/** Makes a forked process a worker. */
export function becomeWorker({ application, fd, forks }: Newborn): void {
  let link: Link<ToWorker, FromWorker> | undefined;
  runWorkerProcess({
    connect(onMessage) {
      link = new Link<ToWorker, FromWorker>(new Socket({ fd }), onMessage);
      return link;
    },
    application,
    launch: forkLauncher(forks, (pid) => link?.send({ type: "helper", pid })),
  });
}
