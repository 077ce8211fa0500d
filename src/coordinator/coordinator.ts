import type { Broker } from "../broker/broker.ts";
import type { HolderInfo, Released, ReleaseReason } from "../broker/claim.ts";
import { DEFAULT_PRUNE_BOUNDS, type PruneBounds } from "../broker/maintenance.ts";
import { ledgerDirectory, sweepLedgers } from "../ipc/ledger.ts";
import { DueClock } from "./due-clock.ts";
import { isAlive, rescueNeighbours } from "./neighbours.ts";
import { Pruner } from "./pruner.ts";

export interface CoordinatorOptions {
  /** How long a holder lives after its last heartbeat. */
  readonly ttlMs: number;
  /** How often it is given one. @default a third of `ttlMs` */
  readonly everyMs?: number | undefined;
  /** How many finished jobs to keep; `false` leaves pruning to somebody else. @default `DEFAULT_PRUNE_BOUNDS` */
  readonly bounds?: PruneBounds | false | undefined;
  /** Whether to release those whose heartbeat is over, wherever they are. @default true */
  readonly rescues?: boolean | undefined;
  /** Where the workers of this host leave their ledgers. */
  readonly ledger?: string | undefined;
  /** Called when a duty fails, and with `undefined` when all go well again. */
  readonly onTrouble?: ((error: unknown) => void) | undefined;
}

/**
 * Speaks to the broker for a host: keeps the heartbeats of its workers, releases
 * the dead, makes due jobs ready, prunes. Its duties are safe to do in several
 * places at once. The broker's absence ends none of them.
 */
export class Coordinator {
  readonly #broker: Broker;
  readonly #options: CoordinatorOptions;
  readonly #holders = new Map<string, HolderInfo>();
  readonly #due: DueClock;
  readonly #pruner: Pruner | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retry: NodeJS.Timeout | undefined;
  #beating: Promise<void> = Promise.resolve();
  #isBeating = false;
  #dead: ReadonlySet<string> = new Set();
  #isTroubled = false;

  constructor(broker: Broker, options: CoordinatorOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#due = new DueClock(broker, (error) => this.#trouble(error));
    const { bounds = DEFAULT_PRUNE_BOUNDS } = options;
    this.#pruner = bounds === false ? undefined : new Pruner(broker, bounds, (error) => this.#trouble(error));
  }

  start(): void {
    sweepLedgers(this.#options.ledger ?? ledgerDirectory(), isAlive);
    this.#timer = setInterval(() => this.#beat(), this.#options.everyMs ?? this.#options.ttlMs / 3);
    this.#beat();
    this.#due.start();
    this.#pruner?.start();
  }

  /** Keeps this holder alive from now on. */
  add(holder: HolderInfo): void {
    this.#holders.set(holder.holder, holder);
  }

  delete(holder: string): void {
    this.#holders.delete(holder);
  }

  /** Gives back what a dead or leaving holder held. Tried again until the broker has answered. */
  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    this.delete(holder);
    for (let failures = 0; ; failures++) {
      try {
        return await this.#broker.release(holder, reason);
      } catch (error) {
        this.#trouble(error);
        await new Promise((resolve) => setTimeout(resolve, Math.min(20 * 2 ** failures, 2000)));
      }
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#retry);
    await Promise.all([this.#beating, this.#due.stop(), this.#pruner?.stop()]);
  }

  #beat(): void {
    if (this.#isBeating) return;
    clearTimeout(this.#retry);
    this.#isBeating = true;
    this.#beating = this.#doBeat().finally(() => {
      this.#isBeating = false;
    });
  }

  async #doBeat(): Promise<void> {
    const { ttlMs, rescues = true, ledger = ledgerDirectory() } = this.#options;
    try {
      await this.#broker.heartbeat([...this.#holders.values()], ttlMs);
      this.#dead = await rescueNeighbours(this.#broker, ledger, this.#holders, this.#dead);
      if (rescues) await this.#broker.maintenance?.rescue();
      if (this.#isTroubled) this.#options.onTrouble?.(undefined);
      this.#isTroubled = false;
    } catch (error) {
      this.#trouble(error);
      // Nobody whose heartbeat is over is given a job: after a long absence that is not to wait for the next turn.
      if (this.#timer !== undefined)
        this.#retry = setTimeout(() => this.#beat(), Math.min(RETRY_MS, ttlMs / 3));
    }
  }

  #trouble(error: unknown): void {
    if (!this.#isTroubled) this.#options.onTrouble?.(error);
    this.#isTroubled = true;
  }
}

const RETRY_MS = 250;
