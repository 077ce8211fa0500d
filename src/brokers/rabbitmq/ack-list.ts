import type { Channel, Message } from "amqplib";

/** Acknowledges with as few frames as it can: all up to a message at once where none before it is still held. */
export class AckList {
  readonly #channel: Channel;
  /** What is unacknowledged, by its number, in the order in which it came. */
  readonly #held = new Map<number, Message>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  add(message: Message): void {
    this.#held.set(message.fields.deliveryTag, message);
  }

  /** What is unacknowledged: all that the server gives to others when the connection is lost. */
  get messages(): readonly Message[] {
    return [...this.#held.values()];
  }

  acknowledge(messages: readonly Message[]): void {
    const done = new Map(messages.map((message) => [message.fields.deliveryTag, message]));
    let last: Message | undefined;
    for (const tag of this.#held.keys()) {
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
