import type { Channel } from "amqplib";
import { codeOf } from "./rows.ts";
import type { Wire } from "./wire.ts";

/**
 * Asks and declares on a channel of its own: what fails there closes the channel, which is then made
 * anew, and neither publications nor claims go with it.
 */
export class Probe {
  readonly #wire: Wire;
  #channel: Promise<Channel> | undefined;
  readonly #others: Probe[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** How many messages are ready in a queue, or `undefined` when there is none of this name. */
  async count(queue: string): Promise<number | undefined> {
    try {
      return (await this.run((channel) => channel.checkQueue(queue))).messageCount;
    } catch (error) {
      if (codeOf(error) === NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** The counts of many queues; 0 where there is none of this name. */
  async counts(queues: readonly string[]): Promise<readonly number[]> {
    if (queues.length <= MANY) return this.#counts(queues);
    // A channel answers one question after the other.
    while (this.#others.length < CHANNELS) this.#others.push(new Probe(this.#wire));
    const share = Math.ceil(queues.length / CHANNELS);
    const shares = this.#others.map((each, place) =>
      each.#counts(queues.slice(place * share, (place + 1) * share)),
    );
    return (await Promise.all(shares)).flat();
  }

  async #counts(queues: readonly string[]): Promise<readonly number[]> {
    try {
      const answers = await this.run((channel) =>
        Promise.all(queues.map((queue) => channel.checkQueue(queue))),
      );
      return answers.map(({ messageCount }) => messageCount);
    } catch {
      const counts: number[] = [];
      for (const queue of queues) counts.push((await this.count(queue)) ?? 0);
      return counts;
    }
  }

  /** Runs requests on the channel, one caller at a time. */
  run<T>(ask: (channel: Channel) => Promise<T>): Promise<T> {
    const asked = this.#turn.then(() => this.#run(ask));
    this.#turn = asked.catch(() => {});
    return asked;
  }

  async #run<T>(ask: (channel: Channel) => Promise<T>): Promise<T> {
    if (!this.#wire.isOpen) throw this.#wire.failure;
    this.#channel ??= this.#open();
    const channel = await this.#channel.catch((error: unknown) => {
      this.#channel = undefined;
      throw error;
    });
    return this.#wire.answer(ask(channel));
  }

  async #open(): Promise<Channel> {
    const channel = await this.#wire.answer(this.#wire.model.createChannel());
    channel.on("error", () => {});
    channel.on("close", () => {
      this.#channel = undefined;
    });
    return channel;
  }
}

const MANY = 64;
const CHANNELS = 4;

/** There is none of this name, or its node is down. */
export const NOT_FOUND = 404;
