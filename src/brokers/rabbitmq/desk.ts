import { GangerError } from "../../errors.ts";
import { hopsOf, toRoute } from "./delay.ts";
import { toFailure, toFull } from "./failure.ts";
import type { Letter } from "./frames.ts";
import type { LaneName } from "./lane.ts";
import { Mentions } from "./mentions.ts";
import { laneOf, type Parcel, toLetter } from "./message.ts";
import { NOT_FOUND, Probe } from "./probe.ts";
import { Publisher } from "./publisher.ts";
import { codeOf } from "./rows.ts";
import type { Topology } from "./topology.ts";
import type { Wire } from "./wire.ts";

/** Sends jobs over one connection, and makes what they go through on the server. */
export class Desk {
  readonly wire: Wire;
  readonly probe: Probe;
  readonly publisher: Publisher;
  /** Called with each lane that this desk came to know of. */
  onLane: (lane: LaneName, madeAt: number) => void = () => undefined;
  /** Whether jobs that came back are safer where they are than in the place that their queue has for them. */
  isYoung: (queue: string) => boolean = () => false;
  readonly #topology: Topology;
  readonly #made = new Map<string, Promise<void>>();
  readonly #lanes = new Set<string>();
  #hasNames = false;
  readonly #mentions = new Mentions();
  #lastNewsAt = 0;
  #newsTimer: NodeJS.Timeout | undefined;

  private constructor(wire: Wire, topology: Topology, publisher: Publisher) {
    this.wire = wire;
    this.#topology = topology;
    this.publisher = publisher;
    this.probe = new Probe(wire);
  }

  static async open(wire: Wire, topology: Topology): Promise<Desk> {
    const desk = new Desk(wire, topology, await Publisher.open(wire));
    await desk.#declare(async () => {
      await desk.probe.run(async (channel) => {
        for (const exchange of [topology.news, topology.came])
          await channel.assertExchange(exchange, "fanout", { durable: true });
        await channel.assertQueue(...topology.failed);
      });
      await desk.#makeNames().catch((error: unknown) => {
        // A server that has just started has its streams last: there are queues to work with already.
        if (codeOf(error) !== NOT_FOUND) throw error;
      });
    });
    return desk;
  }

  /** Letters for parcels, of which each may be delayed, once there is where they go to. */
  async address(
    parcels: readonly { readonly parcel: Parcel; readonly delayMs: number }[],
  ): Promise<readonly Letter[]> {
    // In an alarm the server reads nothing more of a connection that has published: no question would be answered either.
    if (this.wire.blocked !== undefined) throw toFull(this.wire.title, this.wire.blocked);
    const letters: Letter[] = [];
    for (const { parcel, delayMs } of parcels) {
      const of = laneOf(parcel);
      const lane = this.#topology.laneName(of);
      if (!this.#lanes.has(lane)) await this.#ensure(lane, () => this.#makeLane(of));
      if (parcel.isApart && this.isYoung(parcel.queue)) throw tooYoung(lane);
      letters.push(
        delayMs > 0
          ? await this.#delayed(parcel, delayMs, lane)
          : toLetter(parcel, { exchange: "", routingKey: lane }),
      );
    }
    return letters;
  }

  /** Resolves when the server has them. */
  async send(letters: readonly Letter[]): Promise<void> {
    if (letters.length === 0) return;
    try {
      await this.publisher.publish(letters);
    } catch (error) {
      // Whatever was deleted under us is made again with the next call.
      this.#made.clear();
      this.#lanes.clear();
      this.#hasNames = false;
      throw error;
    }
  }

  /** Tells all who listen that there is something new, of one queue or of any; some milliseconds of news are one. */
  tellNews(queue?: string): void {
    this.#mentions.add(queue);
    if (this.#newsTimer !== undefined) return;
    const restMs = this.#lastNewsAt + NEWS_GAP_MS - performance.now();
    if (restMs <= 0) return this.#publishNews();
    this.#newsTimer = setTimeout(() => this.#publishNews(), restMs);
    this.#newsTimer.unref();
  }

  /** Tells everybody something. */
  mention(content: object): void {
    this.publisher.mention(this.#toNews(content));
  }

  /** Publishes something that changes nothing. @throws `GANGER_BROKER_FULL` while the server takes no messages. */
  async tryOut(): Promise<void> {
    await this.publisher.publish([this.#toNews({})]);
  }

  close(): void {
    clearTimeout(this.#newsTimer);
  }

  #toNews(content: object): Letter {
    const target = { exchange: this.#topology.news, routingKey: "" };
    return { ...target, content: Buffer.from(JSON.stringify(content)), options: {} };
  }

  #publishNews(): void {
    this.#newsTimer = undefined;
    this.#lastNewsAt = performance.now();
    const queues = this.#mentions.take();
    this.mention(queues.includes(undefined) ? {} : { queues });
  }

  async #delayed(parcel: Parcel, delayMs: number, lane: string): Promise<Letter> {
    const { levels, restMs } = hopsOf(delayMs);
    await this.#ensure(`due ${lane}`, () => this.#bindDue(lane));
    for (const level of levels) await this.#ensure(`level ${level}`, () => this.#makeLevel(level));
    for (const [place, level] of levels.entries()) {
      const next = levels[place + 1];
      await this.#ensure(`hop ${level} ${next}`, () => this.#makeHop(level, next));
    }
    const target = { exchange: this.#topology.delay, routingKey: toRoute(levels, lane) };
    return toLetter({ ...parcel, restMs }, target);
  }

  /** A lane is in the book of names before it is there: nobody could find it otherwise. */
  async #makeLane(lane: LaneName): Promise<void> {
    const [name, options] = this.#topology.lane(lane);
    let madeAt = 0;
    if ((await this.probe.count(name)) === undefined) {
      await this.#makeNames();
      madeAt = Date.now();
      const content = Buffer.from(JSON.stringify([lane.queue, lane.rank, madeAt]));
      const target = { exchange: "", routingKey: this.#topology.names[0] };
      await this.publisher.publish([{ ...target, content, options: { persistent: true, messageId: name } }]);
    }
    await this.probe.run((channel) => channel.assertQueue(name, options));
    this.#lanes.add(name);
    this.onLane(lane, madeAt);
  }

  async #makeNames(): Promise<void> {
    if (this.#hasNames) return;
    await this.probe.run((channel) => channel.assertQueue(...this.#topology.names));
    this.#hasNames = true;
  }

  async #bindDue(lane: string): Promise<void> {
    const { delay, due, came } = this.#topology;
    await this.probe.run(async (channel) => {
      await channel.assertExchange(delay, "topic", { durable: true });
      await channel.assertExchange(due, "topic", { durable: true });
      await channel.bindExchange(came, due, "#");
      await channel.bindQueue(lane, due, `#.end.${lane}`);
    });
  }

  async #makeLevel(level: number): Promise<void> {
    const [name, options] = this.#topology.level(level);
    await this.probe.run(async (channel) => {
      await channel.assertExchange(name, "topic", { durable: true });
      await channel.assertQueue(name, options);
      await channel.bindQueue(name, this.#topology.delay, `h${level}.#`);
    });
  }

  async #makeHop(level: number, next: number | undefined): Promise<void> {
    const [name] = this.#topology.level(level);
    await this.probe.run(async (channel) => {
      if (next === undefined) await channel.bindExchange(this.#topology.due, name, `#.h${level}.end.#`);
      else await channel.bindQueue(this.#topology.level(next)[0], name, `#.h${level}.h${next}.#`);
    });
  }

  /** Makes something once for each connection. */
  #ensure(key: string, make: () => Promise<void>): Promise<void> | undefined {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const making = this.#declare(make);
    this.#made.set(key, making);
    making.catch(() => this.#made.delete(key));
    return making;
  }

  async #declare(make: () => Promise<void>): Promise<void> {
    try {
      await make();
    } catch (error) {
      throw toFailure(error, this.wire.title);
    }
  }
}

function tooYoung(lane: string): GangerError {
  return new GangerError("GANGER_BROKER_UNREACHABLE", `The queue ${lane} was made just now`);
}

const NEWS_GAP_MS = 5;
