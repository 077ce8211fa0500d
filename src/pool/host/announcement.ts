import type { Logger } from "../../telemetry/log.ts";
import { MAX_TIMER_MS } from "../../util/timers.ts";
import type { Manager } from "../manager.ts";
import type { Notifier } from "./notify.ts";

export interface AnnouncementOptions {
  readonly notifier: Notifier | undefined;
  readonly log: Logger;
  /** Told once that the pool is up, and what it lacks, if it is not complete. */
  readonly onUp: (shortfall: string | undefined) => void;
}

/**
 * Tells the host how far the pool is: systemd, and the process that waits for a daemon. It is up when all workers that
 * are wanted are ready. What is not in time, or fails again and again, is not waited for: the rest is at work.
 *
 * Of two managers of which one takes over from the other, only one speaks for the pool at any time.
 */
export class Announcement implements Disposable {
  readonly #manager: Manager;
  readonly #options: AnnouncementOptions;
  #phase: "new" | "starting" | "up" | "stopping" = "new";
  #speaks = true;
  #isLate = false;
  #timer: NodeJS.Timeout | undefined;
  #told = "";

  constructor(manager: Manager, options: AnnouncementOptions) {
    this.#manager = manager;
    this.#options = options;
  }

  /** Whether this manager is the one that speaks for the pool. */
  get speaks(): boolean {
    return this.#speaks;
  }

  /** Before the first worker is started. One that takes over says nothing before `takeOver`. */
  begin({ isTakingOver }: { readonly isTakingOver: boolean }): void {
    this.#phase = "starting";
    this.#speaks = !isTakingOver;
    const { bootMs, spawnDelayMs } = this.#manager.config;
    const withinMs = Math.min(bootMs + spawnDelayMs * this.#count().wanted, MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#isLate = true;
      this.check();
    }, withinMs).unref();
    if (this.#speaks) this.#options.notifier?.starting(this.#progress, withinMs + PATIENCE_MS);
  }

  /** To be called after every change. */
  check(): void {
    if (this.#manager.isStopping) return this.#stop();
    if (!this.#speaks) return;
    if (this.#phase === "starting" && this.#isDecided) return this.#rise();
    if (this.#phase === "starting" || this.#phase === "up") this.#tell();
  }

  /** This one speaks for the pool from now on. Resolves when that has been said. */
  async takeOver(): Promise<void> {
    this.#speaks = true;
    const { ready, wanted } = this.#count();
    if (ready >= wanted) this.#rise();
    else this.check();
    await this.#options.notifier?.sent;
  }

  /** Another manager speaks for the pool. */
  handOver(): void {
    this.#speaks = false;
  }

  /** The other one went away, and may have said that it was the one. */
  takeBack(): void {
    this.#speaks = true;
    this.reloaded();
  }

  reloading(): void {
    if (this.#speaks && this.#phase === "up") this.#options.notifier?.reloading();
  }

  reloaded(): void {
    if (this.#speaks && this.#phase === "up") this.#options.notifier?.ready(this.#progress);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  get #isDecided(): boolean {
    if (this.#isLate || this.#manager.isComplete) return true;
    const groups = [...this.#manager.groups];
    return this.#failing !== undefined && groups.every((group) => group.isComplete || group.isFailing);
  }

  get #failing(): string | undefined {
    return [...this.#manager.groups].find(({ isFailing }) => isFailing)?.spec.queues;
  }

  get #progress(): string {
    const { ready, wanted } = this.#count();
    if (this.#phase === "starting") return `starting: ${ready} of ${wanted} workers ready`;
    return ready === wanted ? `managing ${ready} workers` : `managing ${ready} of ${wanted} workers`;
  }

  #rise(): void {
    if (this.#phase !== "starting") return;
    this.#phase = "up";
    clearTimeout(this.#timer);
    const { notifier, onUp, log } = this.#options;
    const shortfall = this.#manager.isComplete ? undefined : this.#shortfall();
    if (shortfall !== undefined) log.warn({ reason: shortfall }, "the pool is up, and not complete");
    this.#told = this.#progress;
    notifier?.ready(this.#told);
    // Who waits for it goes on when the service manager knows.
    if (notifier === undefined) onUp(shortfall);
    else void notifier.sent.then(() => onUp(shortfall));
  }

  #shortfall(): string {
    const { ready, wanted } = this.#count();
    const failing = this.#failing;
    if (failing !== undefined) return `${ready} of ${wanted} workers are ready, and those of ${failing} fail`;
    return ready < wanted ? `${ready} of ${wanted} workers are ready` : "the coordinator is not ready";
  }

  #stop(): void {
    if (this.#phase === "stopping") return;
    this.#phase = "stopping";
    clearTimeout(this.#timer);
    if (this.#speaks) this.#options.notifier?.stopping();
  }

  #tell(): void {
    const text = this.#progress;
    if (text === this.#told) return;
    this.#told = text;
    this.#options.notifier?.status(text);
  }

  #count(): { readonly ready: number; readonly wanted: number } {
    const groups = [...this.#manager.groups];
    return {
      ready: groups.reduce((sum, { ready }) => sum + ready, 0),
      wanted: groups.reduce((sum, { wanted }) => sum + wanted, 0),
    };
  }
}

/** For the service manager to wait longer than we do. */
const PATIENCE_MS = 10_000;
