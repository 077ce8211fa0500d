import { readLedger, removeLedger } from "../../ipc/ledger.ts";
import type { ToCoordinator, WorkerEnd } from "../../ipc/messages.ts";
import { describeExit, type Exit } from "../child/child.ts";

/** Workers that are gone, until the coordinator has given back what they held. */
export class Farewells {
  readonly #ledger: string;
  readonly #send: (message: ToCoordinator) => boolean;
  readonly #pending = new Map<string, WorkerEnd>();
  #deadline: number | undefined;

  constructor(ledger: string, send: (message: ToCoordinator) => boolean) {
    this.#ledger = ledger;
    this.#send = send;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** When waiting for answers ends, once it has begun. */
  get deadline(): number | undefined {
    return this.#pending.size === 0 ? undefined : this.#deadline;
  }

  add(holder: string, wasAsked: boolean, exit: Exit): void {
    const { code, signal } = exit;
    const how = signal === null ? `ended with ${describeExit(exit)}` : `was ended by ${signal}`;
    const started = readLedger(this.#ledger, holder);
    // A worker that ends as asked takes its ledger along, and has started nothing that it did not report.
    const end: WorkerEnd = wasAsked
      ? { kind: "interrupted", started: started ?? [], detail: `${holder}, which ${how}` }
      : {
          kind: "crashed",
          started: started ?? (code === 0 ? [] : undefined),
          detail: `${holder}, which ${how}`,
        };
    this.#pending.set(holder, end);
    this.#send({ type: "gone", holder, end });
  }

  /** To a coordinator that has taken the place of another. */
  repeat(): void {
    for (const [holder, end] of this.#pending) this.#send({ type: "gone", holder, end });
  }

  answered(holder: string): void {
    if (this.#pending.delete(holder)) removeLedger(this.#ledger, holder);
  }

  /** Whether an answer may still come; five seconds are given in all. What is not told then, the store finds out by its own clock. */
  isWorthWaiting(): boolean {
    this.#deadline ??= performance.now() + PATIENCE_MS;
    return performance.now() < this.#deadline;
  }

  close(): void {
    this.#pending.clear();
  }
}

const PATIENCE_MS = 5000;
