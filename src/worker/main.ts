import { openBroker } from "../broker/connect.ts";
import { toFailure } from "../ipc/failure.ts";
import { createHolder } from "../ipc/holder.ts";
import { toParent } from "../ipc/link.ts";
import type { FromWorker, ToWorker, WorkerStart } from "../ipc/messages.ts";
import { createLog, type Logger } from "../telemetry/log.ts";
import { loadJobs } from "./load-jobs.ts";
import { Worker } from "./worker.ts";

/** A worker as a process of a pool: does what its manager says, and finishes its jobs and goes when that is gone. */

const link = toParent<ToWorker, FromWorker>((message) => void obey(message));
let worker: Worker | undefined;
let takeover: NodeJS.Timeout | undefined;
let ttlMs = 0;
let stopMs = 0;
let log: Logger | undefined;

process.on("SIGTERM", () => void end());
process.on("uncaughtException", (error) => void fault(error));
process.on("unhandledRejection", (reason) => void fault(reason));
// Whoever reads what we print may go away; that is no reason to end jobs.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
void link.closed.then(orphaned);

/** Nobody keeps our heartbeat any more, and nobody will replace us. */
async function orphaned(): Promise<void> {
  await worker?.keepHeartbeat();
  await end();
}

async function obey(message: ToWorker): Promise<void> {
  switch (message.type) {
    case "start":
      return start(message.start);
    case "drain":
      return end(message.timeoutMs);
    case "pause":
      return worker?.pause();
    case "resume":
      return worker?.resume();
    case "coordinator":
      return coordinated(message.isUp);
  }
}

async function start(orders: WorkerStart): Promise<void> {
  const { app, queues, concurrency, order, ledger } = orders;
  process.title = `ganger[${app}]: worker ${queues}`;
  ({ ttlMs, stopMs } = orders);
  log = createLog({ ...orders.log, name: "worker", write: (line) => process.stderr.write(line) });
  try {
    const jobs = await loadJobs(orders.jobs);
    const broker = await openBroker(orders.broker);
    const holder = createHolder();
    const options = {
      queues,
      concurrency,
      order,
      ledger,
      holder,
      ttl: ttlMs,
      heartbeat: "elsewhere",
    } as const;
    worker = new Worker(broker, jobs, options);
    listen(worker, log);
    // Before the first claim: the manager must know whose jobs these are, should we die.
    link.send({ type: "ready", holder });
    await worker.start();
  } catch (error) {
    link.send({ type: "failed", failure: toFailure(error) });
    process.exitCode = 1;
    link.close();
  }
}

function listen({ events }: Worker, to: Logger): void {
  events.on("job:failed", ({ id, name, error }) =>
    to.warn({ job: id, kind: name, error: error.message }, "job failed"),
  );
  events.on("job:retried", ({ id, name, error }) =>
    to.info({ job: id, kind: name, error: error.message }, "job to be retried"),
  );
  events.on("job:abandoned", ({ id, name }) => {
    void retire(`job ${id} (${name}) went on after its time-out and its grace`);
  });
  events.on("job:lost", ({ id }) => to.warn({ job: id }, "a claim was lost, and the outcome refused"));
  events.on("broker:lost", ({ error }) =>
    to.error({ reason: toFailure(error).message }, "the broker does not answer"),
  );
  events.on("broker:recovered", () => to.info({}, "the broker answers again"));
}

/** Something was thrown that nobody caught, and nobody knows by which job: other jobs must not pay for it. */
function fault(error: unknown): Promise<void> {
  return retire(`uncaught error: ${toFailure(error).message}`);
}

/**
 * Ends a process that is not sound any more, to be replaced. Its jobs have the
 * time of a stop to end; what still runs then counts as crashed.
 */
async function retire(reason: string): Promise<void> {
  log?.error({ reason }, "draining, to be replaced");
  setTimeout(() => process.exit(1), stopMs);
  await worker?.drain();
  process.exit(1);
}

/** A coordinator that is gone is back in a moment, as a rule; the heartbeat it gave last is good for longer. */
function coordinated(isUp: boolean): void {
  clearTimeout(takeover);
  if (isUp) void worker?.leaveHeartbeat();
  else takeover = setTimeout(() => void worker?.keepHeartbeat(), ttlMs / 3);
}

async function end(timeoutMs?: number): Promise<void> {
  // Still loading: nothing is held, and a module may take for ever.
  if (worker === undefined) process.exit();
  const { abandoned } = await worker.drain(timeoutMs === undefined ? {} : { timeout: timeoutMs });
  process.exit(abandoned === 0 ? 0 : UNCLEAN);
}

const UNCLEAN = 3;
