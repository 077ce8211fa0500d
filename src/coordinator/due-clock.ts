import type { Broker } from "../broker/broker.ts";

/** Makes scheduled jobs ready when they are due: by a timer to the next one, and by a look at whatever is new. */
export class DueClock {
  readonly #broker: Broker;
  readonly #onError: (error: unknown) => void;
  #subscription: AsyncDisposable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #lastLookAt = 0;
  /** Somebody woke us during a look, which may have missed what is new. */
  #isStale = false;

  constructor(broker: Broker, onError: (error: unknown) => void) {
    this.#broker = broker;
    this.#onError = onError;
  }

  start(): void {
    if (this.#broker.maintenance === undefined) return;
    void this.#subscribe();
    this.#look();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#subscription?.[Symbol.asyncDispose]();
  }

  async #subscribe(): Promise<void> {
    try {
      const subscription = await this.#broker.wakeups?.subscribe((queue) => this.#wake(queue));
      if (this.#isStopped) await subscription?.[Symbol.asyncDispose]();
      else this.#subscription = subscription;
    } catch (error) {
      this.#onError(error);
    }
  }

  /** A producer's burst wakes often; one look in some milliseconds serves for all. Jobs that can be claimed are no news here. */
  #wake(queue: string | undefined): void {
    if (queue !== undefined) return;
    if (this.#running !== undefined) this.#isStale = true;
    else if (performance.now() - this.#lastLookAt > MIN_GAP_MS) this.#look();
    else this.#arm(MIN_GAP_MS);
  }

  #look(): void {
    this.#lastLookAt = performance.now();
    this.#running ??= this.#move().finally(() => {
      this.#running = undefined;
    });
  }

  async #move(): Promise<void> {
    this.#isStale = false;
    try {
      const report = await this.#broker.maintenance?.due();
      this.#arm(this.#isStale ? MIN_GAP_MS : Math.min(report?.nextInMs ?? MAX_GAP_MS, MAX_GAP_MS));
    } catch (error) {
      this.#onError(error);
      this.#arm(MAX_GAP_MS);
    }
  }

  #arm(inMs: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), Math.max(1, inMs));
  }
}

const MIN_GAP_MS = 5;
const MAX_GAP_MS = 1000;
