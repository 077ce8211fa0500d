import type { Executor } from "../run/executor.ts";
import { Host } from "./host.ts";
import type { HostBroker } from "./messages.ts";
import type { Launch } from "./transport.ts";
import { watchMemory } from "./watch-memory.ts";

export interface HostPoolOptions {
  readonly launch: Launch;
  readonly broker: HostBroker;
  /** How long one may take until it is ready. */
  readonly bootMs?: number | undefined;
  /** Runs after which a host is replaced. */
  readonly maxJobs?: number | undefined;
  /** Bytes that a process and what it started may hold. Threads see to that themselves. */
  readonly memory?: number | undefined;
  /** How many to start ahead, before they are wanted. */
  readonly warm: number;
}

/** The processes or threads of one kind that a worker has its jobs run in. */
export class HostPool implements Disposable {
  readonly #options: HostPoolOptions;
  readonly #hosts = new Set<Host>();
  readonly #free: Host[] = [];
  #monitor: Disposable | undefined;
  #isClosed = false;

  constructor(options: HostPoolOptions) {
    this.#options = options;
    if (options.memory !== undefined) this.#monitor = watchMemory(this.#hosts, options.memory);
  }

  readonly execute: Executor = (run, settle) => {
    // The one that was freed last before one that was started ahead.
    const host = this.#free.pop() ?? this.#start();
    host.run(run, (outcome) => settle(run, outcome));
    this.warmUp();
  };

  /** Starts as many ahead as there should be. */
  warmUp(): void {
    while (!this.#isClosed && this.#free.length < this.#options.warm) this.#free.unshift(this.#start());
  }

  /** Ends all of them; what runs is killed. */
  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#monitor?.[Symbol.dispose]();
    this.#free.length = 0;
    for (const host of this.#hosts) host.kill();
  }

  #start(): Host {
    const host = new Host(this.#options, {
      onFree: (free) => this.#freed(free),
      onGone: (gone) => this.#gone(gone),
    });
    this.#hosts.add(host);
    return host;
  }

  #freed(host: Host): void {
    const { maxJobs = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#isClosed || !this.#hosts.has(host)) return;
    if (host.taken >= maxJobs) host.end();
    else this.#free.push(host);
  }

  #gone(host: Host): void {
    this.#hosts.delete(host);
    const place = this.#free.indexOf(host);
    if (place >= 0) this.#free.splice(place, 1);
  }
}
