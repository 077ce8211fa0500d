import { randomBytes } from "node:crypto";
import type { Wakeups } from "../../broker/wakeups.ts";
import { int4s, int8s } from "./binary.ts";
import type { News } from "./enqueue.ts";
import type { Floors } from "./floors.ts";
import type { Lanes } from "./lanes.ts";
import { Listener } from "./listener.ts";
import type { PostgresLocation } from "./location.ts";

export interface WakeupsOptions {
  readonly location: PostgresLocation;
  readonly isPooled: boolean;
  /** Connections on which a commit waits for no disk: an announcement holds a lock of the whole server while it commits. */
  readonly lanes: Lanes;
  readonly floors: Floors;
}

/**
 * Wakes workers by NOTIFY: one for a batch, after its commit, and only where a queue was empty before it.
 * What finishes while one is under way goes into the next.
 *
 * Whoever listens proves now and then that it still hears, and polls while it does not: behind a pool of
 * transactions always, for nobody can listen through one.
 */
export class PostgresWakeups implements Wakeups {
  readonly #options: WakeupsOptions;
  readonly #channel: string;
  readonly #ownChannel: string;
  readonly #listeners = new Set<() => void>();
  #listener: Listener | undefined;
  #isClosed = false;
  #poller: NodeJS.Timeout | undefined;
  #prover: NodeJS.Timeout | undefined;
  #pollMs = FIRST_POLL_MS;
  #reconnectMs = FIRST_POLL_MS;
  #proof: string | undefined;
  #firsts = new Map<number, number>();
  #scheduled: readonly [first: number, last: number] | undefined;
  #requeued: number | undefined;
  #announcing: Promise<void> | undefined;
  #probeAgainAt = 0;

  constructor(options: WakeupsOptions) {
    this.#options = options;
    this.#channel = `${options.location.schema}_wake`;
    this.#ownChannel = `${options.location.schema}_own_${randomBytes(6).toString("hex")}`;
  }

  /** Name of the channel that idle workers listen on. */
  get channel(): string {
    return this.#channel;
  }

  async subscribe(wake: () => void): Promise<AsyncDisposable> {
    const own = () => wake();
    this.#listeners.add(own);
    if (this.#listeners.size === 1) await this.#start();
    return {
      [Symbol.asyncDispose]: async () => {
        this.#listeners.delete(own);
        if (this.#listeners.size === 0) await this.#stop();
      },
    };
  }

  /** A batch is committed. */
  enqueued({ firsts, scheduled }: News): void {
    for (const [queue, id] of firsts) {
      this.#firsts.set(queue, Math.min(id, this.#firsts.get(queue) ?? id));
    }
    if (scheduled !== undefined) {
      const [first, last] = this.#scheduled ?? scheduled;
      this.#scheduled = [Math.min(first, scheduled[0]), Math.max(last, scheduled[1])];
    }
    this.#announce();
  }

  /** Jobs with ids as low as this are waiting or scheduled again, or were changed by somebody. */
  requeued(ids: readonly number[]): void {
    for (const id of ids) this.#requeued = Math.min(id, this.#requeued ?? id);
    if (this.#requeued !== undefined) this.#options.floors.lower(this.#requeued);
    this.#announce();
  }

  /** There was work: there may be more soon. */
  stir(): void {
    this.#pollMs = FIRST_POLL_MS;
  }

  /** Sends what there is to announce, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    await this.#announcing;
    await this.#stop();
  }

  #announce(): void {
    this.#announcing ??= this.#announceAll().finally(() => {
      this.#announcing = undefined;
    });
  }

  async #announceAll(): Promise<void> {
    while (this.#requeued !== undefined || this.#firsts.size > 0 || this.#scheduled !== undefined) {
      const requeued = this.#requeued;
      const firsts = this.#firsts;
      const scheduled = this.#scheduled;
      this.#requeued = undefined;
      this.#firsts = new Map();
      this.#scheduled = undefined;
      try {
        if (requeued !== undefined)
          await this.#options.lanes.run("notify", [this.#channel, String(requeued)]);
        else await this.#wakeIdle(firsts, scheduled);
      } catch {
        // Failing to is no reason to fail the call that had the news: idle workers poll as well.
      }
    }
  }

  /** Looking whether a queue was empty can be slow where many of its dead entries cannot be removed: then everybody is woken. */
  async #wakeIdle(firsts: ReadonlyMap<number, number>, scheduled: readonly [number, number] | undefined) {
    const { lanes } = this.#options;
    const start = performance.now();
    if (start < this.#probeAgainAt) {
      await lanes.run("notify", [this.#channel, ""]);
      return;
    }
    const [first = null, last = null] = scheduled ?? [];
    const numbers = [int4s([...firsts.keys()]), int8s([...firsts.values()])];
    await lanes.run("wakeIdle", [this.#channel, ...numbers, first, last]);
    const tookMs = performance.now() - start;
    if (tookMs > SLOW_PROBE_MS) this.#probeAgainAt = start + tookMs * 20;
  }

  async #start(): Promise<void> {
    if (this.#options.isPooled) this.#poll();
    else await this.#listen();
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#poller);
    clearTimeout(this.#prover);
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  async #listen(): Promise<void> {
    try {
      const listener = await Listener.open(this.#options.location, [this.#channel, this.#ownChannel], {
        heard: (payload) => this.#heard(payload),
        lost: () => this.#lost(),
      });
      if (this.#isClosed || this.#listeners.size === 0) {
        await listener.close();
        return;
      }
      this.#listener = listener;
      this.#reconnectMs = FIRST_POLL_MS;
      clearTimeout(this.#poller);
      this.#options.floors.reset();
      // Whatever came while nobody listened.
      this.#wakeAll();
      this.#prove(FIRST_PROOF_MS);
    } catch {
      this.#listenAgain();
    }
  }

  #lost(): void {
    this.#listener = undefined;
    clearTimeout(this.#prover);
    if (!this.#isClosed && this.#listeners.size > 0) this.#listenAgain();
  }

  #listenAgain(): void {
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, MAX_RECONNECT_MS);
    clearTimeout(this.#poller);
    this.#poller = setTimeout(
      () => {
        this.#wakeAll();
        if (!this.#isClosed && this.#listeners.size > 0) void this.#listen();
      },
      this.#reconnectMs * (0.5 + Math.random() / 2),
    );
  }

  #heard(payload: string): void {
    if (payload === this.#proof) {
      this.#proof = undefined;
      return;
    }
    if (payload !== "") this.#options.floors.lower(Number(payload));
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#listeners) wake();
  }

  /** Announces something to itself by another connection; one that hears nothing is replaced. */
  #prove(inMs: number): void {
    clearTimeout(this.#prover);
    this.#prover = setTimeout(() => {
      const proof = `proof ${randomBytes(6).toString("hex")}`;
      this.#proof = proof;
      this.#options.lanes.run("notify", [this.#ownChannel, proof]).then(
        () => this.#expect(proof),
        // The server is gone, and the listener will learn of it by itself; else it is asked again.
        () => this.#listener !== undefined && this.#prove(PROOF_MS),
      );
    }, inMs);
    this.#prover.unref();
  }

  #expect(proof: string): void {
    clearTimeout(this.#prover);
    this.#prover = setTimeout(() => {
      if (this.#proof === proof) this.#listener?.destroy();
      else if (this.#listener !== undefined) this.#prove(PROOF_MS);
    }, HEARING_MS);
    this.#prover.unref();
  }

  /** Wakes everybody often while there is work, and ever more seldom while there is none. */
  #poll(): void {
    clearTimeout(this.#poller);
    this.#poller = setTimeout(() => {
      this.#pollMs = Math.min(this.#pollMs * 1.5, MAX_POLL_MS);
      this.#wakeAll();
      if (!this.#isClosed && this.#listeners.size > 0) this.#poll();
    }, this.#pollMs);
  }
}

const FIRST_POLL_MS = 5;
const MAX_POLL_MS = 250;
const MAX_RECONNECT_MS = 1000;
const FIRST_PROOF_MS = 1000;
const PROOF_MS = 30_000;
const HEARING_MS = 5000;
const SLOW_PROBE_MS = 5;
