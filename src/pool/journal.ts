import type { PoolStatus } from "../control/messages.ts";
import type { Failure, Worn } from "../ipc/messages.ts";
import type { Logger } from "../telemetry/log.ts";
import { describeExit, type Exit } from "./child/child.ts";
import { EventList } from "./event-list.ts";
import type { PoolWorker } from "./group/pool-worker.ts";
import { describeWear } from "./group/wear.ts";

/** Says what happens to workers: in the log, and in the short list that the status shows. */
export class Journal {
  readonly log: Logger;
  readonly #events = new EventList();

  constructor(log: Logger) {
    this.log = log;
  }

  get events(): PoolStatus["events"] {
    return this.#events.list;
  }

  note(text: string): void {
    this.#events.add(text);
  }

  ready(worker: PoolWorker): void {
    this.log.info({ worker: worker.holder ?? worker.pid, queues: queuesOf(worker) }, "worker ready");
  }

  ended(worker: PoolWorker, exit: Exit, wasAsked: boolean): void {
    const queues = queuesOf(worker);
    const facts = { worker: worker.holder ?? worker.pid, queues, ...exit };
    if (wasAsked) return this.log.info(facts, "worker ended");
    this.log.warn({ ...facts, reason: worker.failure }, "worker died");
    const { error } = exit;
    const how = error === undefined ? `ended with ${describeExit(exit)}` : `did not start: ${error}`;
    this.note(`worker of ${queues} ${how}`);
  }

  worn(worker: PoolWorker, worn: Worn): void {
    const queues = queuesOf(worker);
    const reason = describeWear(worn);
    this.log.info({ worker: worker.holder ?? worker.pid, queues, reason }, "worker is to be replaced");
    this.note(`worker of ${queues} is to be replaced: ${reason}`);
  }

  successorFailed(queues: string, reason: string): void {
    this.log.error({ queues, reason }, "a new worker did not come up; the old one goes on");
    this.note(`a new worker of ${queues} did not come up: ${reason}`);
  }

  failed({ code, message }: Failure, what: string): void {
    this.log.error({ code, reason: message }, what);
  }
}

function queuesOf({ home, spec }: PoolWorker): string {
  return home?.spec.queues ?? spec.queues;
}
