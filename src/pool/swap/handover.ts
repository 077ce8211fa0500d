import type { ControlConnection } from "../../control/connection.ts";
import type { ControlRequest } from "../../control/messages.ts";
import { GangerError } from "../../errors.ts";
import type { Logger } from "../../telemetry/log.ts";
import type { Manager } from "../manager.ts";

/** What it asks and tells of itself. */
export interface HandoverHost {
  /** One that takes over itself has nothing to hand over yet: its predecessor would take everything back. */
  isTakingOver(): boolean;
  /** The other one is in charge now. */
  handOver(): void;
  /** The other one went away before it was. */
  takeBack(): void;
}

/** The old manager's side of a takeover: gives up one worker after the other, and takes them back if it comes to nothing. */
export class Handover {
  readonly #manager: Manager;
  readonly #log: Logger;
  readonly #host: HandoverHost;
  #connection: ControlConnection | undefined;
  #isCommitted = false;
  #told = "";

  constructor(manager: Manager, log: Logger, host: HandoverHost) {
    this.#manager = manager;
    this.#log = log;
    this.#host = host;
  }

  receive(request: ControlRequest, connection: ControlConnection): void {
    if (request.type === "handover") this.#begin(request.pid, connection);
    if (connection !== this.#connection) return;
    if (request.type === "yield") this.#yield(request.queues, request.to);
    if (request.type === "commit") this.#commit();
  }

  /** To be called after every change. */
  check(): void {
    if (this.#connection === undefined) return;
    const workers = Object.fromEntries(
      Array.from(this.#manager.groups, ({ spec, workers: all }) => [spec.queues, all.size]),
    );
    const text = JSON.stringify(workers);
    if (text === this.#told) return;
    this.#told = text;
    this.#connection.send({ type: "left", workers });
  }

  #begin(pid: number, connection: ControlConnection): void {
    const what = this.#isBusyWith();
    if (what !== undefined) {
      throw new GangerError("GANGER_RELOAD_REFUSED", `The manager ${process.pid} ${what}`, {
        hint: "Wait until it is gone, and start again.",
      });
    }
    this.#log.info({ pid }, "handing over to another manager");
    this.#connection = connection;
    void connection.closed.then(() => this.#end());
    this.check();
  }

  #isBusyWith(): string | undefined {
    if (this.#manager.isStopping) return "is stopping";
    if (this.#host.isTakingOver()) return "is taking over from another itself";
    return this.#connection === undefined ? undefined : "hands over to another already";
  }

  #yield(queues: string, to: number): void {
    const group = this.#manager.groups.find(queues);
    if (group === undefined) return;
    group.limit = to;
    group.converge();
    this.#manager.changed();
  }

  #commit(): void {
    this.#isCommitted = true;
    this.#host.handOver();
    this.#log.info({}, "handed over; draining");
    this.#connection?.send({ type: "done" });
    this.#manager.end("stop");
  }

  #end(): void {
    this.#connection = undefined;
    if (this.#isCommitted || this.#manager.isStopping) return;
    this.#log.warn({}, "the other manager went away; this one goes on");
    this.#host.takeBack();
    for (const group of this.#manager.groups) group.limit = Number.POSITIVE_INFINITY;
    this.#manager.groups.converge();
    this.#manager.changed();
  }
}
