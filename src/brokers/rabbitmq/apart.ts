import type { Channel, Message } from "amqplib";
import type { Delivery, Lane } from "./lane.ts";
import type { Probe } from "./probe.ts";
import type { Wire } from "./wire.ts";

/**
 * Of the jobs that came back from dead processes, whichever queue they are of, this process has one at a time, so
 * that a crash says which it was. One that runs for long does not hold up the others for ever.
 */
export class Apart {
  readonly #wire: Wire;
  readonly #freed: (lane: Lane) => void;
  /** Since when it has each. */
  readonly #held = new Map<Delivery, number>();
  /** Those of them that were fetched, which has a channel of its own: acknowledgements of several at once go by the order on one. */
  readonly #fetched = new Set<Delivery>();
  /** Until when a lane is not looked at, as it was empty. */
  readonly #emptyUntil = new Map<string, number>();
  /** Lanes of which a message was asked for or acknowledged, to which there was no answer yet. */
  readonly #doubtful = new Set<string>();
  #looks = 0;
  #channel: Promise<Channel> | undefined;

  /** `freed` is called when one of a lane is done with: the next may come. */
  constructor(wire: Wire, freed: (lane: Lane) => void) {
    this.#wire = wire;
    this.#freed = freed;
  }

  /** Whether there may be one more. */
  get isFree(): boolean {
    if (this.#held.size === 0) return true;
    const before = performance.now() - LONG_MS;
    return [...this.#held.values()].every((since) => since < before);
  }

  /** Messages that were fetched and are not acknowledged. */
  get messages(): readonly Message[] {
    return [...this.#fetched].map(({ message }) => message);
  }

  /** Counts one that is where others are. */
  hold(delivery: Delivery): void {
    this.#held.set(delivery, performance.now());
  }

  /** One that is not handed out: it runs nowhere, and needs no room. */
  leave(delivery: Delivery): void {
    this.#held.delete(delivery);
  }

  /** There is something in these lanes again. */
  look(): void {
    this.#looks++;
    this.#emptyUntil.clear();
  }

  /** Lanes of which the server may have sent one more, or has not read yet that one is done. */
  get unseen(): readonly string[] {
    return [...this.#doubtful];
  }

  /** Brings a message of a lane into its buffer, if there is one and it may. */
  async fetch(lane: Lane, probe: Probe): Promise<void> {
    const now = performance.now();
    if (!this.isFree || now < (this.#emptyUntil.get(lane.name) ?? 0)) return;
    // A lane that is gone would end the channel, and the connection with it.
    const looks = this.#looks;
    const count = (await probe.count(lane.name)) ?? 0;
    const message = count > 0 && (await this.#get(lane.name));
    if (message === false) {
      // Unless there was news of one meanwhile.
      if (looks === this.#looks) this.#emptyUntil.set(lane.name, now + EMPTY_MS);
      return;
    }
    const consumer = { tag: "", lane, window: 1, out: 1 };
    const delivery: Delivery = { message, consumer, at: performance.now(), isStuck: false };
    this.#fetched.add(delivery);
    this.hold(delivery);
    lane.buffer.push(delivery);
  }

  /** Acknowledges those that were fetched, and answers with the others. */
  acknowledge(deliveries: readonly Delivery[]): readonly Delivery[] {
    if (this.#held.size + this.#fetched.size === 0) return deliveries;
    return deliveries.filter((delivery) => {
      const { lane } = delivery.consumer;
      const wasHeld = this.#held.delete(delivery);
      const wasFetched = this.#fetched.delete(delivery);
      if (wasHeld || wasFetched) this.#freed(lane);
      if (!wasFetched) return true;
      this.#doubtful.add(lane.name);
      // With a channel that is lost the server gives it to others.
      this.#channel?.then((channel) => channel.ack(delivery.message)).catch(() => {});
      return false;
    });
  }

  /** Resolves when the server has what was acknowledged. */
  async settleDown(): Promise<void> {
    if (this.#channel === undefined) return;
    const channel = await this.#channel;
    await this.#wire.answer(channel.prefetch(0));
  }

  async #get(queue: string): Promise<Message | false> {
    this.#channel ??= this.#wire.answer(this.#wire.model.createChannel()).then((channel) => {
      channel.on("error", (error) => this.#wire.fail(error));
      return channel;
    });
    const channel = await this.#channel;
    this.#doubtful.add(queue);
    const message = await this.#wire.answer(channel.get(queue));
    // The server has read all that was acknowledged before.
    this.#doubtful.clear();
    return message;
  }
}

/** As long as a worker has one suspect wait for another. */
const LONG_MS = 30_000;
const EMPTY_MS = 100;
