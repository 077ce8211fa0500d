import type { ConfirmChannel, Options } from "amqplib";
import { toFailure, toFull, toUnroutable } from "./failure.ts";
import { ANSWER_MS, type Wire } from "./wire.ts";

/** A message on its way to the server. */
export interface Letter {
  readonly exchange: string;
  readonly routingKey: string;
  readonly content: Buffer;
  /** With a `messageId` it must reach a queue, or its publication fails. */
  readonly options: Options.Publish;
}

/** How long a batch under way waits for the end of an alarm that began meanwhile. */
const ALARM_MS = 1000;

/** Publishes with confirms: what it resolves for is on the server's disks. */
export class Publisher {
  readonly wire: Wire;
  readonly #channel: ConfirmChannel;
  readonly #returned = new Set<string>();
  #lastConfirmAt = 0;

  private constructor(wire: Wire, channel: ConfirmChannel) {
    this.wire = wire;
    this.#channel = channel;
    channel.on("error", (error) => wire.fail(error));
    channel.on("return", ({ properties }) => this.#returned.add(String(properties.messageId)));
  }

  static async open(wire: Wire): Promise<Publisher> {
    return new Publisher(wire, await wire.model.createConfirmChannel());
  }

  /**
   * Resolves when every letter is confirmed.
   *
   * @throws `GANGER_BROKER_FULL` while the server is in an alarm, and `GANGER_BROKER_UNREACHABLE` when
   * no confirm came; then some of the letters may be there.
   */
  async publish(letters: readonly Letter[]): Promise<void> {
    const { wire } = this;
    if (wire.blocked !== undefined) throw toFull(wire.title, wire.blocked);
    if (!wire.isOpen) throw wire.failure;
    this.#lastConfirmAt = performance.now();
    const confirmed = new Promise<void>((resolve, reject) => {
      let missing = letters.length;
      const confirm = (error: unknown): void => {
        this.#lastConfirmAt = performance.now();
        if (error !== null && error !== undefined) reject(error);
        else if (--missing === 0) resolve();
      };
      for (const letter of letters) this.#send(letter, confirm);
    });
    try {
      await this.#patiently(confirmed);
    } catch (error) {
      throw wire.isOpen ? toFailure(error, wire.title) : wire.failure;
    }
  }

  /** Sends what may be lost. */
  mention(letter: Letter): void {
    if (!this.wire.isOpen || this.wire.blocked !== undefined) return;
    this.#send(letter, () => undefined);
  }

  #send({ exchange, routingKey, content, options }: Letter, confirm: (error: unknown) => void): void {
    const { messageId } = options;
    const { title } = this.wire;
    this.#channel.publish(
      exchange,
      routingKey,
      content,
      messageId === undefined ? options : { ...options, mandatory: true },
      // A message that no queue takes is returned first and confirmed then.
      (error: unknown) =>
        confirm(
          messageId !== undefined && this.#returned.delete(messageId)
            ? toUnroutable(title, routingKey)
            : error,
        ),
    );
  }

  /** Waits as long as confirms come, and not much longer than an alarm that begins. */
  async #patiently(confirmed: Promise<void>): Promise<void> {
    const { wire } = this;
    let timer: NodeJS.Timeout | undefined;
    let stop: (() => void) | undefined;
    const given = new Promise<never>((_, reject) => {
      const look = (): void => {
        clearTimeout(timer);
        const alarm = wire.blocked;
        const restMs = this.#lastConfirmAt + (alarm === undefined ? ANSWER_MS : ALARM_MS) - performance.now();
        if (restMs > 0) timer = setTimeout(look, restMs + 1);
        else if (alarm !== undefined) reject(toFull(wire.title, alarm));
        else wire.fail(new Error(`no confirm within ${ANSWER_MS / 1000} s, timeout`));
        if (!wire.isOpen) reject(wire.failure);
      };
      stop = wire.onChange(look);
      look();
    });
    try {
      await Promise.race([confirmed, given]);
    } finally {
      clearTimeout(timer);
      stop?.();
      // What comes late has been answered for.
      confirmed.catch(() => {});
    }
  }
}
