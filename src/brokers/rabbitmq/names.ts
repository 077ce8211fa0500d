import type { Book } from "./book.ts";
import { RETURNED } from "./lane.ts";
import { fromJson, headersOf } from "./rows.ts";
import type { Topology } from "./topology.ts";
import type { Wire } from "./wire.ts";

/**
 * Which lanes there are. AMQP cannot list queues, so that every lane is entered in a stream before it is made;
 * a stream is read by any number of readers without taking anything away.
 */
export class Names {
  readonly #wire: Wire;
  readonly #stream: string;
  readonly #book: Book;
  readonly #onLane: () => void;
  #reading: Promise<void> | undefined;
  #lastTryAt = 0;
  #offset = -1;
  #waiting: { readonly offset: number; readonly resolve: () => void }[] = [];

  private constructor(wire: Wire, topology: Topology, book: Book, onLane: () => void) {
    this.#wire = wire;
    this.#stream = topology.names[0];
    this.#book = book;
    this.#onLane = onLane;
  }

  /** Resolves when every lane is in the book that was entered before. `onLane` is called for each that comes later. */
  static async open(
    wire: Wire,
    topology: Topology,
    book: Book,
    onLane: () => void = () => undefined,
  ): Promise<Names> {
    const names = new Names(wire, topology, book, onLane);
    await names.sync();
    return names;
  }

  /**
   * Resolves when everything is in the book that was entered before this call. A server that has just started has
   * its streams last, and may have lost one that it made right before it was killed: who has read the book once goes on by that.
   */
  async sync(): Promise<void> {
    try {
      await this.#readOn();
      this.#book.isRead = true;
    } catch (error) {
      if (!this.#book.isRead || !this.#wire.isOpen) throw error;
    }
  }

  /** Whether new entries come by themselves. */
  get isReading(): boolean {
    return this.#reading !== undefined;
  }

  /** Whether the stream was away, and it is time to see whether it is back. */
  get isBehind(): boolean {
    return this.#reading === undefined && performance.now() - this.#lastTryAt > RETRY_MS;
  }

  async #readOn(): Promise<void> {
    this.#lastTryAt = performance.now();
    this.#reading ??= this.#read();
    try {
      await this.#wire.answer(this.#reading);
    } catch (error) {
      this.#reading = undefined;
      throw error;
    }
    const last = await this.#wire.answer(this.#lastOffset());
    if (this.#offset >= last) return;
    await this.#wire.answer(
      new Promise<void>((resolve) => {
        this.#waiting.push({ offset: last, resolve });
      }),
    );
  }

  /** Reads the stream from its first message on, for as long as the connection lives. */
  async #read(): Promise<void> {
    const channel = await this.#wire.model.createChannel();
    channel.on("error", () => {});
    await channel.prefetch(PREFETCH);
    const read = { arguments: { "x-stream-offset": "first" } };
    await channel.consume(
      this.#stream,
      (message) => {
        if (message === null) {
          this.#reading = undefined;
          return;
        }
        channel.ack(message);
        const entry = fromJson(message.content);
        if (Array.isArray(entry)) {
          const [queue, rank, madeAt]: readonly unknown[] = entry;
          if (typeof queue === "string" && (typeof rank === "number" || rank === RETURNED)) {
            if (this.#book.add({ queue, rank }, Number(madeAt ?? 0))) this.#onLane();
          }
        }
        this.#reached(offsetOf(headersOf(message)));
      },
      read,
    );
    channel.on("error", (error) => this.#wire.fail(error));
  }

  #reached(offset: number): void {
    this.#offset = Math.max(this.#offset, offset);
    if (this.#waiting.length === 0) return;
    for (const { resolve } of this.#waiting.filter((each) => each.offset <= this.#offset)) resolve();
    this.#waiting = this.#waiting.filter((each) => each.offset > this.#offset);
  }

  /** The offset of the newest entry, or -1 when there is none. The server counts a stream only now and then. */
  async #lastOffset(): Promise<number> {
    const channel = await this.#wire.model.createChannel();
    channel.on("error", () => {});
    await channel.prefetch(PREFETCH);
    let last = -1;
    await channel.consume(
      this.#stream,
      (message) => {
        if (message !== null) last = Math.max(last, offsetOf(headersOf(message)));
      },
      { arguments: { "x-stream-offset": "last" } },
    );
    // The server answers this after all that it has sent for the consumer.
    await channel.prefetch(PREFETCH);
    await channel.close();
    return last;
  }
}

const PREFETCH = 1000;
const RETRY_MS = 1000;

function offsetOf(headers: Readonly<Record<string, unknown>>): number {
  const offset = headers["x-stream-offset"];
  return typeof offset === "number" ? offset : -1;
}
