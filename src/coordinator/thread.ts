import { parentPort, workerData } from "node:worker_threads";
import { openBroker } from "../broker/connect.ts";
import { Coordinator } from "./coordinator.ts";

/** What `worker/keeper.ts` hands to the thread. */
export interface KeeperData {
  readonly url: string;
  readonly holder: string;
  readonly queues: string;
  readonly ttlMs: number;
  readonly isAlone: boolean;
  readonly ledger: string | undefined;
}

/** The thread beside a worker in a user's own process: a coordinator for that one worker. */
async function main({ url, holder, queues, ttlMs, isAlone, ledger }: KeeperData): Promise<void> {
  // The worker beside it has seen to the schema, or was told not to.
  await using broker = await openBroker(url, { migrate: false });
  const bounds = isAlone ? undefined : false;
  const coordinator = new Coordinator(broker, { ttlMs, ledger, bounds, rescues: isAlone });
  coordinator.add({ holder, queues });
  coordinator.start();
  await new Promise<void>((resolve) => parentPort?.once("message", () => resolve()));
  await coordinator.stop();
}

await main(workerData);
