import { Worker as Thread } from "node:worker_threads";
import type { Broker } from "../broker/broker.ts";
import { Coordinator } from "../coordinator/coordinator.ts";
import type { KeeperData } from "../coordinator/thread.ts";

export interface KeptHolder {
  readonly holder: string;
  readonly queues: string;
  readonly ttlMs: number;
  /**
   * Whether nobody else does what a coordinator does: prunes, and releases those whose heartbeat is over. In a pool that is
   * its coordinator's, which knows what is to be kept and who lives: while there is none, a neighbour may be too busy to
   * keep its own heartbeat.
   */
  readonly isAlone: boolean;
  /** Where the workers of this host leave their ledgers. */
  readonly ledger: string | undefined;
}

/** Keeps a worker's heartbeat, and does what a coordinator does, while the worker's own event loop is busy. */
export interface Keeper {
  stop(): Promise<void>;
}

/**
 * Starts a thread with a connection of its own. A broker that only this process
 * can reach is kept by the event loop; nobody else could take its jobs anyway.
 */
export async function startKeeper(broker: Broker, kept: KeptHolder): Promise<Keeper> {
  const { url } = broker;
  if (url === undefined) return startInProcess(broker, kept);
  const data: KeeperData = { url, ...kept };
  const thread = new Thread(new URL("../coordinator/thread.js", import.meta.url), { workerData: data });
  thread.unref();
  let substitute: Keeper | undefined;
  let isStopping = false;
  thread.on("error", () => {
    // A thread that cannot be had, or lost its store: the event loop is better than nothing.
    if (!isStopping) substitute ??= startInProcess(broker, kept);
  });
  return {
    async stop() {
      isStopping = true;
      thread.ref();
      // A thread is no window: there is no origin to name.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      thread.postMessage("stop");
      await new Promise<void>((resolve) => {
        thread.once("exit", () => resolve());
        if (thread.threadId === -1) resolve();
      });
      await substitute?.stop();
    },
  };
}

function startInProcess(broker: Broker, { holder, queues, ttlMs, isAlone, ledger }: KeptHolder): Keeper {
  const bounds = isAlone ? undefined : false;
  const coordinator = new Coordinator(broker, { ttlMs, ledger, bounds, rescues: isAlone });
  coordinator.add({ holder, queues });
  coordinator.start();
  return { stop: () => coordinator.stop() };
}
