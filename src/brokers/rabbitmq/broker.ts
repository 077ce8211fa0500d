import type { Broker } from "../../broker/broker.ts";
import type {
  Claim,
  ClaimRequest,
  HolderInfo,
  Outcome,
  Released,
  ReleaseReason,
  Settlement,
} from "../../broker/claim.ts";
import type { DocumentStore } from "../../broker/store.ts";
import type { NewJob } from "../../job/job.ts";
import { Book } from "./book.ts";
import type { ClaimSide } from "./claim-side.ts";
import { startClaimSide } from "./claim-thread.ts";
import { RabbitmqCounts } from "./counts.ts";
import { Desk } from "./desk.ts";
import { diagnose, timeout } from "./doctor.ts";
import { enqueue, newsOf } from "./enqueue.ts";
import { beat, bury } from "./holders.ts";
import { Link } from "./link.ts";
import type { RabbitmqLocation } from "./location.ts";
import { RabbitmqMaintenance } from "./maintenance.ts";
import { versionOf } from "./rows.ts";
import { Topology } from "./topology.ts";
import { RabbitmqWakeups } from "./wakeups.ts";
import { Watch } from "./watch.ts";

/** Jobs as messages of a RabbitMQ server: a claim is one that is not acknowledged yet. */
export class RabbitmqBroker implements Broker {
  readonly name = "rabbitmq";
  readonly url: string;
  readonly inspect = undefined;
  readonly counts: RabbitmqCounts;
  readonly wakeups: RabbitmqWakeups;
  readonly edit = undefined;
  readonly store: DocumentStore | undefined;
  readonly maintenance: RabbitmqMaintenance;
  readonly schedules = undefined;
  readonly flows = undefined;
  readonly limits = undefined;
  readonly events = undefined;
  readonly stats = undefined;
  readonly transactions = undefined;
  readonly #second: Broker | undefined;
  readonly #topology: Topology;
  readonly #desk: Link<Desk>;
  /** Opened when somebody wants to be woken or to count. */
  readonly #watch: Link<Watch>;
  /** Started with the first claim: who only enqueues has one connection and no thread. */
  #claims: ClaimSide | undefined;
  /** Until when holders live by heartbeats that this process sent before its first claim. */
  readonly #beats = new Map<string, number>();

  constructor(location: RabbitmqLocation, url: string, second: Broker | undefined) {
    this.url = url;
    this.#second = second;
    this.store = second?.store;
    this.#topology = new Topology(location);
    this.#desk = new Link(location, {
      // Nothing is lost with this connection, so that a busy event loop may leave it alone.
      heartbeatSeconds: 0,
      setUp: async (wire) => {
        const desk = await Desk.open(wire, this.#topology);
        desk.onLane = (lane) => void this.#claims?.know(lane).catch(() => {});
        return desk;
      },
      onLost: (desk) => desk.close(),
    });
    const book = new Book();
    this.#watch = new Link(location, {
      heartbeatSeconds: 0,
      setUp: (wire) => Watch.open(wire, this.#topology, book, (queue) => this.wakeups.wake(queue)),
      onLost: () => this.wakeups.lost(),
    });
    this.counts = new RabbitmqCounts(
      this.#watch,
      this.#topology,
      async () => (await this.#claims?.ready()) ?? [],
    );
    this.wakeups = new RabbitmqWakeups(this.#watch);
    this.maintenance = new RabbitmqMaintenance({
      rescue: async () => (await this.#claims?.rescue()) ?? [],
      doctor: async () =>
        diagnose(await this.#desk.open(), this.#topology, location, await this.counts.lanes()),
      cautions: async () => {
        const { wire } = await this.#desk.open();
        return timeout(versionOf(wire.model).version, location).filter(({ level }) => level === "warning");
      },
    });
  }

  /** Resolves when the server can be used. @throws `GANGER_BROKER_*`. */
  async connect(): Promise<void> {
    await this.#desk.open();
  }

  async enqueue(jobs: readonly NewJob[]): Promise<readonly string[]> {
    const ids = await enqueue(await this.#desk.open(), jobs);
    for (const queue of newsOf(jobs)) this.wakeups.wake(queue);
    return ids;
  }

  async claim(request: ClaimRequest): Promise<readonly Claim[]> {
    return this.#startClaims().claim(request);
  }

  async settle(outcomes: readonly Outcome[], next?: ClaimRequest): Promise<Settlement> {
    return this.#startClaims().settle(outcomes, next);
  }

  async heartbeat(holders: readonly HolderInfo[], ttlMs: number): Promise<void> {
    await beat(await this.#desk.open(), this.#topology, holders, ttlMs);
    const names = holders.map(({ holder }) => holder);
    if (this.#claims === undefined)
      for (const name of names) this.#beats.set(name, performance.now() + ttlMs);
    else await this.#claims.beat(names, ttlMs);
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    this.#beats.delete(holder);
    const released = (await this.#claims?.release(holder, reason)) ?? { waiting: [], poisoned: [] };
    await bury(await this.#desk.open(), this.#topology, holder);
    return released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#claims?.close();
    this.wakeups.close();
    await this.#watch.close();
    await this.#desk.close();
    await this.#second?.[Symbol.asyncDispose]();
  }

  #startClaims(): ClaimSide {
    if (this.#claims !== undefined) return this.#claims;
    const claims = startClaimSide(
      this.url,
      (queue) => this.wakeups.wake(queue),
      () => {
        // Its claims are lost with it, as with a connection: the server gives them to others.
        if (this.#claims === claims) this.#claims = undefined;
        this.wakeups.wake();
      },
    );
    this.#claims = claims;
    for (const [holder, until] of this.#beats) {
      void claims.beat([holder], until - performance.now()).catch(() => {});
    }
    this.#beats.clear();
    return claims;
  }
}
