import { randomBytes } from "node:crypto";
import type { Wake, Wakeups } from "../../broker/wakeups.ts";
import { Announcements, readPayload } from "./announcements.ts";
import type { Floors } from "./floors.ts";
import type { Lanes } from "./lanes.ts";
import { Listener } from "./listener.ts";
import type { PostgresLocation } from "./location.ts";
import type { Queues } from "./queues.ts";

export interface WakeupsOptions {
  readonly location: PostgresLocation;
  readonly isPooled: boolean;
  /** For announcements. */
  readonly lanes: Lanes;
  readonly queues: Queues;
  readonly floors: Floors;
}

/**
 * Wakes workers by NOTIFY, of which `Announcements` sends one for a batch.
 *
 * Whoever listens proves now and then that it still hears, and polls while it does not: behind a pool of
 * transactions always, for nobody can listen through one.
 */
export class PostgresWakeups implements Wakeups {
  readonly announcements: Announcements;
  readonly #options: WakeupsOptions;
  readonly #channel: string;
  readonly #ownChannel: string;
  readonly #listeners = new Set<Wake>();
  #listener: Listener | undefined;
  #isClosed = false;
  #poller: NodeJS.Timeout | undefined;
  #prover: NodeJS.Timeout | undefined;
  #pollMs = FIRST_POLL_MS;
  #reconnectMs = FIRST_POLL_MS;
  #proof: string | undefined;

  constructor(options: WakeupsOptions) {
    this.#options = options;
    this.#channel = `${options.location.schema}_wake`;
    const { lanes, queues } = options;
    this.announcements = new Announcements({ channel: this.#channel, lanes, queues });
    this.#ownChannel = `${options.location.schema}_own_${randomBytes(6).toString("hex")}`;
  }

  /** Name of the channel that idle workers listen on. */
  get channel(): string {
    return this.#channel;
  }

  async subscribe(wake: Wake): Promise<AsyncDisposable> {
    const own: Wake = (queue) => wake(queue);
    this.#listeners.add(own);
    if (this.#listeners.size === 1) await this.#start();
    return {
      [Symbol.asyncDispose]: async () => {
        this.#listeners.delete(own);
        if (this.#listeners.size === 0) await this.#stop();
      },
    };
  }

  /** Jobs with ids as low as this are waiting or scheduled again, or were changed by somebody. */
  requeued(ids: readonly number[]): void {
    if (ids.length === 0) return;
    const lowest = ids.reduce((least, id) => Math.min(least, id));
    this.#options.floors.lower(lowest);
    this.announcements.requeued(lowest);
  }

  /**
   * There was work: there may be more soon. `wasAll` is whether a claim brought all that it saw. What was committed after it had
   * looked is announced to nobody, as those that it took were waiting still: it must be looked for once more.
   */
  claimed(wasAll: boolean): void {
    this.#pollMs = FIRST_POLL_MS;
    if (wasAll) this.#wakeAll();
  }

  /** Sends what there is to announce, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    await this.announcements.close();
    await this.#stop();
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
    const { id, queue } = readPayload(payload);
    if (id !== undefined) this.#options.floors.lower(id);
    this.#wakeAll(queue);
  }

  #wakeAll(queue?: string): void {
    for (const wake of this.#listeners) wake(queue);
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
