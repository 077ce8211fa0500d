import { EventEmitter } from "node:events";

/** What a worker announces. Nothing is built for an event that nobody listens to. */
export interface WorkerEvents {
  "job:started": [{ readonly id: string; readonly queue: string; readonly name: string }];
  "job:completed": [
    { readonly id: string; readonly queue: string; readonly name: string; readonly ms: number },
  ];
  "job:retried": [FailureEvent];
  "job:failed": [FailureEvent];
  /** The process or thread that ran the job died under it, and the worker did not: it waits again, or is poison. */
  "job:crashed": [
    { readonly id: string; readonly queue: string; readonly name: string; readonly detail: string },
  ];
  /** The claim was lost, to a cancellation or to a rescue: the outcome was refused. */
  "job:lost": [{ readonly id: string }];
  /** A run had completed its job in a transaction, and then threw or was cut short: the job stays completed. */
  "job:overruled": [FailureEvent];
  /** A run went on after its signal and its grace, and was given up: nobody knows what it still does. */
  "job:abandoned": [{ readonly id: string; readonly queue: string; readonly name: string }];
  "broker:lost": [{ readonly error: unknown }];
  "broker:recovered": [];
}

export interface FailureEvent {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly error: { readonly name: string; readonly message: string };
}

export class Announcer extends EventEmitter<WorkerEvents> {
  /** Tells listeners, if there are any. One that throws harms nobody: Node.js warns of it. */
  announce<Name extends keyof WorkerEvents>(name: Name, facts: () => WorkerEvents[Name]): void {
    if (this.listenerCount(name) === 0) return;
    const told = facts();
    for (const listener of this.rawListeners(name)) void this.#tell(name, listener, told);
  }

  async #tell(
    name: string,
    listener: (...told: never[]) => unknown,
    told: readonly unknown[],
  ): Promise<void> {
    try {
      await Reflect.apply(listener, this, told);
    } catch (error) {
      process.emitWarning(`A listener of ${name} threw: ${String(error)}`, "GangerWarning");
    }
  }
}
