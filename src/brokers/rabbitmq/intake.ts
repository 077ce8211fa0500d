import type { Channel, ConsumeMessage } from "amqplib";
import { AckList } from "./ack-list.ts";
import { Apart } from "./apart.ts";
import type { Unseen } from "./excuses.ts";
import { type Consumer, type Delivery, Lane, type LaneName, MANY } from "./lane.ts";
import { excuseOf } from "./message.ts";
import type { Wire } from "./wire.ts";

export interface IntakeEvents {
  /** A message has come by itself. */
  readonly delivered: (lane: Lane) => void;
  /** Of those that are held one at a time there may be another. */
  readonly freed: (lane: Lane) => void;
}

/**
 * Takes messages from lanes over one channel. A lane is consumed with a window of as many messages as were
 * asked for. The consumer stays when it brought fewer, so that the next job comes by itself; and while its
 * messages are acknowledged as they are claimed, new ones come behind them.
 */
export class Intake {
  readonly #wire: Wire;
  readonly #channel: Channel;
  readonly #acks: AckList;
  readonly #lanes = new Map<string, Lane>();
  readonly #consumers = new Map<string, Consumer>();
  readonly #events: IntakeEvents;
  /** What is fetched one at a time. */
  readonly apart: Apart;
  #nextTag = 1;
  #watched = 0;
  /** What the next consumer gets, as the server was told last; 0 is no bound. */
  #window = 0;

  private constructor(wire: Wire, channel: Channel, events: IntakeEvents) {
    this.#wire = wire;
    this.#channel = channel;
    this.#acks = new AckList(channel);
    this.apart = new Apart(wire, events.freed);
    this.#events = events;
    channel.on("error", (error) => wire.fail(error));
    // A message may come after its consumer was cancelled, for which amqplib would close the channel.
    channel.removeAllListeners("delivery");
    channel.on("delivery", (message) => this.#deliver(message));
    channel.removeAllListeners("cancel");
    channel.on("cancel", ({ consumerTag }) => this.#forget(consumerTag));
  }

  static async open(wire: Wire, events: IntakeEvents): Promise<Intake> {
    return new Intake(wire, await wire.model.createChannel(), events);
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  get failure(): Error {
    return this.#wire.failure;
  }

  lane(name: string, of: LaneName): Lane {
    let lane = this.#lanes.get(name);
    if (lane === undefined) {
      lane = new Lane(name, of);
      this.#lanes.set(name, lane);
    }
    return lane;
  }

  /** All messages that are not acknowledged, as an excuse names them. */
  get unacknowledged(): readonly string[] {
    return [...this.#acks.messages, ...this.apart.messages].map(excuseOf);
  }

  /** How many more the server may have sent. */
  get unseen(): readonly Unseen[] {
    const coming = [...this.#lanes.values()].flatMap(({ name, consumers, window }): Unseen[] => {
      const out = consumers.reduce((sum, consumer) => sum + consumer.out, 0);
      return window > out ? [[name, window - out]] : [];
    });
    return [...coming, ...this.apart.unseen.map((name): Unseen => [name, 1])];
  }

  /** Lanes that have anything which nobody claimed. */
  filled(): readonly Lane[] {
    return [...this.#lanes.values()].filter(({ buffer }) => buffer.length > 0);
  }

  /** Resolves when everything is here that was on its way. */
  async settleDown(): Promise<void> {
    await this.#wire.answer(this.#channel.prefetch(this.#window));
  }

  /**
   * Brings up to `amount` messages of a lane that brings less by itself into its buffer. True when there are no more.
   *
   * A consumer is cancelled while it is full, and not otherwise where that can be helped: what the server sends while it
   * learns of the end, it takes back, and counts as a return, as after somebody's death.
   */
  async pull(lane: Lane, amount: number): Promise<boolean> {
    // Who asks for many has measured that they are short: as many again may come while those run.
    let window = Math.min(amount < MANY ? amount : amount * 2, MAX_WINDOW);
    if (lane.isWatched) window = Math.max(1, window - lane.window);
    else await this.stop(lane);
    const isLast = lane.consumers.length === 0 && this.#watched >= MAX_WATCHED;
    // It fills up with those that were counted.
    if (isLast && lane.counted !== undefined) window = Math.max(1, Math.min(window, lane.counted));
    lane.counted = undefined;
    const consumer: Consumer = { tag: `c${this.#nextTag++}`, lane, window, out: 0 };
    this.#consumers.set(consumer.tag, consumer);
    if (lane.consumers.length === 0) this.#watched++;
    lane.consumers = [...lane.consumers, consumer];
    if (window !== this.#window) {
      this.#window = window;
      await this.settleDown();
    }
    await this.#wire.answer(this.#channel.consume(lane.name, () => undefined, { consumerTag: consumer.tag }));
    await this.settleDown();
    if (!isLast) return consumer.out < window;
    await this.stop(lane);
    return true;
  }

  /** Lets a lane bring nothing more by itself. What it brought stays. */
  async stop(lane: Lane): Promise<void> {
    const { consumers } = lane;
    if (consumers.length === 0) return;
    lane.consumers = [];
    this.#watched--;
    await this.#wire.answer(Promise.all(consumers.map(({ tag }) => this.#channel.cancel(tag))));
    await this.settleDown();
    for (const { tag, out } of consumers) if (out === 0) this.#consumers.delete(tag);
  }

  /** Acknowledges messages. The server has it for certain with the next answer. */
  acknowledge(deliveries: readonly Delivery[]): void {
    const rest = this.apart.acknowledge(deliveries);
    for (const { consumer } of rest) {
      consumer.out--;
      if (consumer.out === 0 && !consumer.lane.consumers.includes(consumer))
        this.#consumers.delete(consumer.tag);
    }
    this.#acks.acknowledge(rest.map(({ message }) => message));
  }

  #deliver(message: ConsumeMessage): void {
    const consumer = this.#consumers.get(message.fields.consumerTag);
    // In a cluster a message may be on its way for longer than its consumer's end.
    if (consumer === undefined) return this.#channel.nack(message, false, true);
    this.#acks.add(message);
    consumer.out++;
    consumer.lane.buffer.push({ message, consumer, at: performance.now(), isStuck: false });
    this.#events.delivered(consumer.lane);
  }

  /** The server cancels a consumer whose queue is deleted. */
  #forget(tag: string): void {
    const lane = this.#consumers.get(tag)?.lane;
    if (lane === undefined || !lane.consumers.some((each) => each.tag === tag)) return;
    lane.consumers = lane.consumers.filter((each) => each.tag !== tag);
    lane.isThere = false;
    if (lane.consumers.length === 0) this.#watched--;
  }
}

/** The server's counts are 16 bits wide. */
const MAX_WINDOW = 65_535;
/** So many lanes bring their jobs by themselves; others are looked at with each claim. */
export const MAX_WATCHED = 64;
