import { Agent } from "node:https";
import type { ForkedWorker } from "ganger";

let agent: Agent | undefined;

/** Opened when it is first wanted, in whichever process that is: a worker, or one for a job. */
export function connections(): Agent {
  agent ??= new Agent({ keepAlive: true });
  return agent;
}

/** In the process that others are forked from, when everything is loaded: nothing may be open behind it. */
export function beforeFork(): void {
  agent?.destroy();
  agent = undefined;
}

/** In each worker, before its first job. What must be there from the start is opened here. */
export async function afterFork({ pid, queues }: ForkedWorker): Promise<void> {
  console.log(`worker ${pid} serves ${queues}`);
}
