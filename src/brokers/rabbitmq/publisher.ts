import type { ConfirmChannel } from "amqplib";
import { deferred } from "../../util/deferred.ts";
import { type Batch, Confirms } from "./confirms.ts";
import { toFailure, toFull, toUnroutable } from "./failure.ts";
import { type Letter, toFrames } from "./frames.ts";
import { frameMaxOf, numberOf, socketOf } from "./rows.ts";
import { ANSWER_MS, type Wire } from "./wire.ts";

/** How long a batch under way waits for the end of an alarm that began meanwhile. */
const ALARM_MS = 1000;

/** Publishes with confirms: what it resolves for is on the server's disks. */
export class Publisher {
  readonly wire: Wire;
  readonly frameMax: number;
  readonly #channel: number;
  readonly #confirms = new Confirms();
  readonly #returned = new Set<string>();
  #lastConfirmAt = Number.NEGATIVE_INFINITY;

  private constructor(wire: Wire, channel: ConfirmChannel) {
    this.wire = wire;
    this.#channel = numberOf(channel);
    this.frameMax = frameMaxOf(wire.model);
    channel.on("error", (error) => wire.fail(error));
    channel.on("return", ({ properties }) => this.#returned.add(String(properties.messageId)));
    // The driver knows nothing of what is written past it.
    channel.removeAllListeners("ack");
    channel.removeAllListeners("nack");
    channel.on("ack", (answer) => this.#answered(answer));
    channel.on("nack", (answer) => this.#answered(answer, new Error("message nacked")));
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
    const confirmed = deferred<void>();
    try {
      const batch = this.#write(letters, (error) => {
        if (error === undefined) confirmed.resolve();
        else confirmed.reject(error);
      });
      await this.#patiently(confirmed.promise, batch);
    } catch (error) {
      throw wire.isOpen ? toFailure(error, wire.title) : wire.failure;
    }
    this.#assertRouted(letters);
  }

  /** Sends what may be lost. */
  mention(letter: Letter): void {
    if (!this.wire.isOpen || this.wire.blocked !== undefined) return;
    this.#write([letter], () => undefined);
  }

  #write(letters: readonly Letter[], done: (error?: Error) => void): Batch {
    const frames = toFrames(letters, this.#channel, this.frameMax);
    socketOf(this.wire.model).write(frames);
    return this.#confirms.expect(letters.length, done);
  }

  #answered({ deliveryTag, multiple }: Answer, error?: Error): void {
    this.#lastConfirmAt = performance.now();
    this.#confirms.answered(deliveryTag, multiple, error);
  }

  /** A message that no queue takes is returned first and confirmed then. */
  #assertRouted(letters: readonly Letter[]): void {
    if (this.#returned.size === 0) return;
    let lost: Letter | undefined;
    for (const letter of letters) {
      if (this.#returned.delete(letter.options.messageId ?? "")) lost ??= letter;
    }
    if (lost !== undefined) throw toUnroutable(this.wire.title, lost.routingKey);
  }

  /** Waits as long as confirms come of it or of what was written before, and not much longer than an alarm that begins. */
  async #patiently(confirmed: Promise<void>, batch: Batch): Promise<void> {
    const { wire } = this;
    let timer: NodeJS.Timeout | undefined;
    let stop: (() => void) | undefined;
    const given = new Promise<never>((_, reject) => {
      const look = (): void => {
        clearTimeout(timer);
        const alarm = wire.blocked;
        const now = performance.now();
        const restMs = batch.at + (alarm === undefined ? ANSWER_MS : ALARM_MS) - now;
        if (restMs > 0) timer = setTimeout(look, restMs + 1);
        else if (alarm !== undefined) reject(toFull(wire.title, alarm));
        // One queue may be stuck: what is published to others goes on.
        else if (now - this.#lastConfirmAt < ANSWER_MS) reject(late());
        else wire.fail(late());
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

function late(): Error {
  return new Error(`no confirm within ${ANSWER_MS / 1000} s, timeout`);
}

/** How the server answers publications. */
interface Answer {
  readonly deliveryTag: number;
  readonly multiple: boolean;
}
