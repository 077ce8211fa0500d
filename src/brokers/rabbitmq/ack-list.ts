import type { Channel, Message } from "amqplib";

/** Acknowledges with as few frames as it can: all up to a message at once where none before it is still held. */
export class AckList {
  readonly #channel: Channel;
  /** What is unacknowledged, in the order in which it came. */
  readonly #held = new Set<number>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  add({ fields }: Message): void {
    this.#held.add(fields.deliveryTag);
  }

  acknowledge(messages: readonly Message[]): void {
    const done = new Map(messages.map((message) => [message.fields.deliveryTag, message]));
    let last: Message | undefined;
    for (const tag of this.#held) {
      const message = done.get(tag);
      if (message === undefined) break;
      last = message;
      done.delete(tag);
      this.#held.delete(tag);
    }
    if (last !== undefined) this.#channel.ack(last, true);
    for (const [tag, message] of done) {
      this.#held.delete(tag);
      this.#channel.ack(message);
    }
  }
}
