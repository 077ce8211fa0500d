import type { Broker } from "../broker/broker.ts";
import type { PruneBounds } from "../broker/maintenance.ts";

/**
 * Deletes finished jobs little by little: a tenth of the time at first while there
 * is more, so that pruning does not hold up the work, and up to half of it when
 * that does not keep pace.
 */
export class Pruner {
  readonly #broker: Broker;
  readonly #bounds: PruneBounds;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;
  /** Calls in a row that left more to delete. */
  #streak = 0;

  constructor(broker: Broker, bounds: PruneBounds, onError: (error: unknown) => void) {
    this.#broker = broker;
    this.#bounds = bounds;
    this.#onError = onError;
  }

  start(): void {
    if (this.#broker.maintenance !== undefined) this.#arm(REST_MS * (0.5 + Math.random()));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #prune(): Promise<void> {
    const start = performance.now();
    let more = false;
    try {
      more = (await this.#broker.maintenance?.prune(this.#bounds))?.more ?? false;
    } catch (error) {
      this.#onError(error);
    }
    const tookMs = performance.now() - start;
    this.#streak = more ? this.#streak + 1 : 0;
    this.#arm(more ? tookMs * Math.max(1, 9 - this.#streak / 4) : Math.max(REST_MS, tookMs * 9));
  }

  #arm(inMs: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#prune();
    }, inMs);
  }
}

const REST_MS = 5000;
