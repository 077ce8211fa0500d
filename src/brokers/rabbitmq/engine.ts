import { randomUUID } from "node:crypto";
import type {
  Claim,
  ClaimRequest,
  Outcome,
  Released,
  ReleaseReason,
  Settlement,
} from "../../broker/claim.ts";
import type { RescuedHolder } from "../../broker/maintenance.ts";
import type { Wake } from "../../broker/wakeups.ts";
import { type Aside, admit } from "./admission.ts";
import { Book } from "./book.ts";
import type { ClaimSide } from "./claim-side.ts";
import { Desk } from "./desk.ts";
import { Excuses, excuse } from "./excuses.ts";
import { toFailure } from "./failure.ts";
import { type Held, lookAgain } from "./held.ts";
import { Lives } from "./holders.ts";
import { Intake } from "./intake.ts";
import type { Delivery, Lane, LaneName } from "./lane.ts";
import { Link } from "./link.ts";
import type { RabbitmqLocation } from "./location.ts";
import { toClaim } from "./message.ts";
import { Names } from "./names.ts";
import { listen, type News } from "./news.ts";
import { Onward } from "./onward.ts";
import { Probe } from "./probe.ts";
import { Round } from "./round.ts";
import { crashed, interrupted, type Sequel, sequelOf } from "./sequel.ts";
import { Topology } from "./topology.ts";
import type { Wire } from "./wire.ts";

/** What is used over the connection that claims. Nothing is published there: an alarm of the server's does not touch it. */
interface Session {
  readonly intake: Intake;
  readonly names: Names;
  readonly probe: Probe;
}

/** Claims over one connection of its own: a claim is a message that is not acknowledged yet. */
export class Engine implements ClaimSide {
  readonly #topology: Topology;
  readonly #link: Link<Session>;
  readonly #desk: Link<Desk>;
  readonly #lives = new Lives();
  readonly #excuses = new Excuses();
  readonly #book = new Book();
  readonly #onward: Onward;
  readonly #claims = new Map<number, Held>();
  readonly #title: string;
  readonly #onWake: Wake;
  #lastToken = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #isClaiming = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(location: RabbitmqLocation, onWake: Wake) {
    this.#topology = new Topology(location);
    this.#title = location.title;
    this.#onWake = onWake;
    const { heartbeatSeconds } = location;
    this.#link = new Link(location, {
      heartbeatSeconds,
      setUp: (wire) => this.#setUp(wire),
      onLost: (session) => this.#lost(session),
    });
    this.#desk = new Link(location, {
      heartbeatSeconds,
      setUp: async (wire) => {
        const desk = await Desk.open(wire, this.#topology);
        desk.onLane = (lane, madeAt) => this.#book.add(lane, madeAt);
        desk.isYoung = (queue) => this.#book.isYoung(queue);
        return desk;
      },
      onLost: (desk) => desk.close(),
    });
    this.#onward = new Onward({
      desk: this.#desk,
      failedQueue: this.#topology.failed[0],
      onWake,
      onReturned: () => this.#link.current?.intake.apart.look(),
    });
  }

  claim(request: ClaimRequest, isHasty = false): Promise<readonly Claim[]> {
    return this.#inTurn(async () => {
      this.#isClaiming = true;
      return this.#claim(request, isHasty).finally(() => {
        this.#isClaiming = false;
      });
    });
  }

  async settle(outcomes: readonly Outcome[], next: ClaimRequest | undefined): Promise<Settlement> {
    const taken = outcomes.map(({ id, token }) => this.#takeOut(id, token));
    const sequels = outcomes.map((outcome, place) => {
      const held = taken[place];
      if (held === undefined) return undefined;
      const { parcel, unrun } = lookAgain(held, this.#excuses);
      return sequelOf(outcome, parcel, unrun);
    });
    const settled = await this.#finish(taken, sequels);
    // AMQP confirms no acknowledgement: one that is lost with its connection brings the job once more.
    // Who has nothing to settle and runs nothing is idle: the job that woke it need not wait for others.
    const isIdle = outcomes.length === 0 && this.#claims.size === 0;
    if (next === undefined) return { settled, claimed: [] };
    try {
      return { settled, claimed: await this.claim(next, isIdle) };
    } catch (error) {
      if (outcomes.length === 0) throw error;
      // Outcomes that are on record must be answered for: the next call, which this asks for, will tell.
      this.#onWake();
      return { settled, claimed: [] };
    }
  }

  async release(holder: string, reason: ReleaseReason): Promise<Released> {
    this.#lives.end(holder);
    const all = [...this.#claims.values()].filter((each) => each.holder === holder);
    for (const { token } of all) this.#claims.delete(token);
    const held = all.filter(({ isDone }) => !isDone);
    const started = reason.started === undefined ? undefined : new Set(reason.started);
    const sequels = held.map((each): Sequel => {
      const { parcel, unrun } = lookAgain(each, this.#excuses);
      if (started?.has(parcel.id) === false) return { kind: "again", parcel: unrun, delayMs: 0 };
      return reason.kind === "interrupted"
        ? interrupted(parcel)
        : crashed(parcel, reason.detail ?? `of ${holder}`);
    });
    await this.#finish(held, sequels);
    const idsOf = (kind: Sequel["kind"]) =>
      held.filter((_, place) => sequels[place]?.kind === kind).map(({ parcel }) => parcel.id);
    return { waiting: idsOf("again"), poisoned: idsOf("failed") };
  }

  async ready(): Promise<readonly string[]> {
    const filled = this.#link.current?.intake.filled() ?? [];
    return filled.map(({ queue }) => queue);
  }

  async rescue(): Promise<readonly RescuedHolder[]> {
    const rescued: RescuedHolder[] = [];
    for (const holder of new Set([...this.#claims.values()].map((each) => each.holder))) {
      if (await this.#isAlive(holder)) continue;
      const detail = `of ${holder}, whose heartbeat ended`;
      const { waiting, poisoned } = await this.release(holder, { kind: "crashed", detail });
      if (waiting.length + poisoned.length > 0) rescued.push({ holder, waiting, poisoned });
    }
    return rescued;
  }

  async beat(holders: readonly string[], ttlMs: number): Promise<void> {
    for (const holder of holders) this.#lives.beat(holder, ttlMs);
  }

  async know(lane: LaneName): Promise<void> {
    this.#book.add(lane);
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#inTurn(() => this.#giveBack(0)).catch(() => {});
    // Frames of a channel are sent in turn with those of others: the end of the connection would overtake acknowledgements.
    const intake = this.#link.current?.intake;
    await Promise.all([intake?.settleDown(), intake?.apart.settleDown()]).catch(() => {});
    await this.#link.close();
    await this.#desk.close();
  }

  /** What it consumes is there: the broker made it when it was opened. */
  async #setUp(wire: Wire): Promise<Session> {
    const [names, intake] = await Promise.all([
      // News of the first job of a lane may come before its name.
      Names.open(wire, this.#topology, this.#book, () => this.#onWake()),
      Intake.open(wire, {
        delivered: ({ queue }) => this.#delivered(queue),
        freed: ({ queue }) => this.#onWake(queue),
      }),
      listen(wire, this.#topology, (news) => this.#heard(news)),
    ]);
    return { intake, names, probe: new Probe(wire) };
  }

  #heard({ word, areReturned, queues }: News): void {
    if (word !== undefined) return this.#excuses.hear(word);
    if (areReturned === true) this.#link.current?.intake.apart.look();
    for (const queue of queues) this.#onWake(queue);
  }

  /** The server gives to others what was held here, though this process lives. */
  #lost({ intake }: Session): void {
    for (const held of this.#claims.values())
      if (held.intake === intake && !held.isDone) this.#claims.delete(held.token);
    // Also what is being claimed, settled or sent back at this moment.
    const { unacknowledged: excused, unseen } = intake;
    this.#onWake();
    const word = { excused, unseen, by: randomUUID() };
    this.#excuses.hear(word);
    if (excused.length + unseen.length > 0) void excuse(this.#desk, word);
  }

  async #isAlive(holder: string): Promise<boolean> {
    const { probe } = await this.#link.open();
    if (await this.#lives.isAlive(holder, this.#topology, probe)) return true;
    if (!this.#lives.hasLived(holder)) return false;
    // In an alarm the server takes no heartbeats either: work that is there may then be what fills it.
    const desk = await this.#desk.open();
    desk.mention({});
    return desk.wire.blocked !== undefined;
  }

  async #claim({ queues, limit, holder }: ClaimRequest, isHasty: boolean): Promise<readonly Claim[]> {
    if (!(await this.#isAlive(holder))) return [];
    const { intake, names, probe } = await this.#link.open();
    const round = new Round({ limit, isHasty, intake, probe, excuses: this.#excuses });
    try {
      await round.gather(await this.#lanesOf(queues, names, intake));
    } catch (error) {
      round.undo();
      throw error;
    }
    const claimed = round.taken.map((taken): Held => {
      this.#lastToken = Math.max(this.#lastToken, taken.parcel.token, Date.now() * 1000) + 1;
      return { ...taken, token: this.#lastToken, holder, intake, isFollowed: false, isDone: false };
    });
    // A connection that was lost since then has lost these claims with it.
    if (!intake.isOpen) throw intake.failure;
    for (const held of claimed) this.#claims.set(held.token, held);
    await this.#putAside(round.asides, intake);
    // What came since it was looked for has woken nobody.
    if (round.partial !== undefined) {
      // A name says that no other queue has anything: not of those behind it, which were not looked at.
      const isLast = round.partial.queue === queues.at(-1);
      this.#onWake(isLast ? round.partial.queue : undefined);
    }
    if (claimed.length < limit)
      for (const { queue, buffer } of intake.filled())
        if (buffer.some(({ isStuck }) => !isStuck)) this.#onWake(queue);
    return claimed.map(({ parcel, token }) => toClaim(parcel, token));
  }

  async #lanesOf(queues: readonly string[], names: Names, intake: Intake): Promise<readonly Lane[]> {
    const isUnknown = queues.some((queue) => this.#book.ranksOf(queue).length === 0);
    if (isUnknown || names.isBehind) await names.sync();
    return [...new Set(queues)].flatMap((queue) =>
      this.#book.ranksOf(queue).map((rank) => {
        const lane = { queue, rank };
        return intake.lane(this.#topology.laneName(lane), lane);
      }),
    );
  }

  /** The claim, which nobody else gets any more; `undefined` when it is not held. */
  #takeOut(id: string, token: number): Held | undefined {
    const held = this.#claims.get(token);
    if (held?.parcel.id !== id) return undefined;
    this.#claims.delete(token);
    return held;
  }

  /**
   * Publishes what follows, and acknowledges then. What cannot be published stays held, and is the reason why this fails; all
   * others are over with by then, and answered for when their caller asks again.
   */
  async #finish(
    taken: readonly (Held | undefined)[],
    sequels: readonly (Sequel | undefined)[],
  ): Promise<readonly boolean[]> {
    const due = taken.flatMap((held, place) => {
      const sequel = sequels[place];
      if (held === undefined || held.isFollowed || held.isDone || sequel === undefined) return [];
      return [{ held, sequel }];
    });
    const failures = await this.#onward.follow(due.map(({ sequel }) => sequel));
    const stuck = new Set<Held>();
    for (const [place, { held }] of due.entries()) {
      if (failures[place] === undefined) held.isFollowed = true;
      else stuck.add(held);
    }
    const over = taken.flatMap((held) => (held === undefined || stuck.has(held) ? [] : [held]));
    this.#acknowledge(over.filter((held) => held.intake.isOpen && !held.isDone));
    if (stuck.size > 0) {
      for (const held of over) held.isDone ||= held.intake.isOpen || held.isFollowed;
      for (const held of [...over, ...stuck])
        if (held.isDone || held.intake.isOpen) this.#claims.set(held.token, held);
      for (const failure of failures) if (failure !== undefined) throw toFailure(failure, this.#title);
    }
    return taken.map((held) => held !== undefined && (held.isDone || held.isFollowed || held.intake.isOpen));
  }

  #acknowledge(gone: readonly Held[]): void {
    for (const intake of new Set(gone.map((held) => held.intake)))
      intake.acknowledge(gone.filter((held) => held.intake === intake).map(({ delivery }) => delivery));
  }

  async #putAside(asides: readonly Aside[], intake: Intake): Promise<void> {
    if (await this.#onward.putAside(asides, intake)) this.#keepNoHoard();
  }

  #delivered(queue: string): void {
    if (!this.#isClaiming) this.#onWake(queue);
    this.#keepNoHoard();
  }

  #keepNoHoard(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#inTurn(() => this.#giveBack(HOARD_MS)).catch(() => {});
    }, HOARD_MS);
  }

  /** Sends back what came and nobody claimed for a while: others may have a hand free. */
  async #giveBack(afterMs: number): Promise<void> {
    const intake = this.#link.current?.intake;
    if (intake === undefined) return;
    const before = performance.now() - afterMs;
    for (const lane of intake.filled()) {
      const isHoard = lane.buffer.some(({ at, isStuck }) => !isStuck && at <= before);
      if (isHoard) await intake.stop(lane);
      const isOver = ({ isStuck }: Delivery) => (isStuck ? afterMs === 0 || this.#onward.isDue : isHoard);
      const deliveries = lane.buffer.filter(isOver);
      lane.buffer = lane.buffer.filter((delivery) => !isOver(delivery));
      const asides = deliveries.map((delivery): Aside => {
        const { unrun, sequel } = admit(delivery, this.#excuses);
        return { delivery, sequel: sequel ?? { kind: "again", parcel: unrun, delayMs: 0 } };
      });
      await this.#putAside(asides, intake);
    }
    if (afterMs > 0 && intake.filled().length > 0) this.#keepNoHoard();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }
}

/** How long something that came may wait to be claimed before it is sent back. */
const HOARD_MS = 200;
