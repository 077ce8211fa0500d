import type { Broker } from "../broker/broker.ts";
import { openBroker } from "../broker/connect.ts";
import { toFailure } from "../ipc/failure.ts";
import { toParent } from "../ipc/link.ts";
import type { CoordinatorStart, FromCoordinator, ToCoordinator, WorkerEnd } from "../ipc/messages.ts";
import { createLog } from "../telemetry/log.ts";
import { Coordinator } from "./coordinator.ts";

/** The coordinator as a process of a pool. It goes when its manager is gone: the workers keep their own hearts then. */

const link = toParent<ToCoordinator, FromCoordinator>((message) => void obey(message));
let coordinator: Coordinator | undefined;
let broker: Broker | undefined;

// A signal to the whole group is meant for the manager, which says when it is time to go.
for (const name of ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"])
  process.on(name, () => undefined);
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
void link.closed.then(end);

async function obey(message: ToCoordinator): Promise<void> {
  switch (message.type) {
    case "start":
      return start(message.start);
    case "alive":
      return coordinator?.add(message);
    case "gone":
      return gone(message.holder, message.end);
    case "ping":
      return void link.send({ type: "pong" });
    case "stop":
      return end();
  }
}

async function start({
  app,
  log: options,
  ledger,
  everyMs,
  ttlMs,
  bounds,
  holders,
  broker: url,
  migrate,
}: CoordinatorStart): Promise<void> {
  process.title = `ganger[${app}]: coordinator`;
  const log = createLog({ ...options, name: "coordinator", write: (line) => process.stderr.write(line) });
  const onTrouble = (error: unknown) => {
    if (error === undefined) log.info({}, "the broker answers again");
    else log.error({ reason: toFailure(error).message }, "the broker does not answer");
  };
  try {
    broker = await openBroker(url, { migrate });
    coordinator = new Coordinator(broker, { everyMs, ttlMs, bounds, ledger, onTrouble });
    for (const holder of holders) coordinator.add(holder);
    coordinator.start();
    link.send({ type: "ready" });
    const cautions = (await broker.maintenance?.cautions?.().catch(() => undefined)) ?? [];
    for (const { check, message, hint } of cautions) log.warn({ check, hint }, message);
  } catch (error) {
    link.send({ type: "failed", failure: toFailure(error) });
    process.exitCode = 1;
    link.close();
  }
}

async function gone(holder: string, { kind, started, detail }: WorkerEnd): Promise<void> {
  // Without a coordinator there is no answer, and the manager asks again when there is one.
  const reason = kind === "crashed" ? { kind, started, detail } : { kind, started: started ?? [], detail };
  const released = await coordinator?.release(holder, reason);
  if (released === undefined) return;
  const { waiting, poisoned } = released;
  link.send({ type: "released", holder, waiting: waiting.length, poisoned });
}

async function end(): Promise<void> {
  await coordinator?.stop();
  await broker?.[Symbol.asyncDispose]();
  process.exit();
}
