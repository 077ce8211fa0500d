import type { Link } from "../../ipc/link.ts";
import type { FromWorker, ToWorker } from "../../ipc/messages.ts";
import { createLog } from "../../telemetry/log.ts";
import { heedSignals } from "./signals.ts";
import { type Inheritance, WorkerProcess } from "./worker-process.ts";

export interface RunOptions extends Inheritance {
  /** Speaks to the manager from now on. */
  readonly connect: (onMessage: (message: ToWorker) => void) => Link<ToWorker, FromWorker>;
}

/** Makes this process a worker of a pool. */
export function runWorkerProcess({ connect, ...inheritance }: RunOptions): void {
  const link = connect((message) => void worker.obey(message));
  const worker = new WorkerProcess({
    ...inheritance,
    send: (message) => link.send(message),
    exit(code) {
      link.send({ type: "ending", code });
      process.exit(code);
    },
    log: ({ log }) => createLog({ ...log, name: "worker", write: (line) => process.stderr.write(line) }),
    setTitle(title) {
      process.title = title;
    },
  });

  heedSignals({
    end: () => void worker.end(),
    drain: () => void worker.drain(),
    cut: () => worker.cut(),
    pause: () => worker.pause(),
    resume: () => worker.resume(),
  });
  process.on("uncaughtException", (error) => void worker.fault(error));
  process.on("unhandledRejection", (reason) => void worker.fault(reason));
  // Whoever reads what we print may go away; that is no reason to end jobs.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  void link.closed.then(() => worker.orphaned());
}
