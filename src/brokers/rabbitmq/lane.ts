import type { Message } from "amqplib";

/** Jobs of any priority that came back from a process which may have died of any that it held. */
export const RETURNED = "returned";

/** A priority, or what comes before all of them. */
export type Rank = number | typeof RETURNED;

/** The jobs of one rank of one queue. */
export interface LaneName {
  readonly queue: string;
  readonly rank: Rank;
}

/** What one `basic.consume` brings: the server leaves at most `window` of its messages unacknowledged with us. */
export interface Consumer {
  readonly tag: string;
  readonly lane: Lane;
  readonly window: number;
  /** Messages it brought that are not acknowledged. */
  out: number;
}

export interface Delivery {
  readonly message: Message;
  readonly consumer: Consumer;
  readonly at: number;
  /** What has to become of it could not be sent: it is tried again as it is given back, and not by claims. */
  isStuck: boolean;
}

/** One queue of the server's, as far as this process has anything of it. */
export class Lane implements LaneName {
  readonly name: string;
  readonly queue: string;
  readonly rank: Rank;
  /** What came and nobody claimed yet: as much at most as the last claim asked for. */
  buffer: Delivery[] = [];
  /** Those that bring its messages. More than one where a window had to grow that was open. */
  consumers: readonly Consumer[] = [];
  /** How many messages waited when they were counted last, where that is done before each claim. */
  counted: number | undefined;
  /** Whether it was seen on the server: a lane is entered in the book of names before it is made. */
  isThere = false;

  constructor(name: string, { queue, rank }: LaneName) {
    this.name = name;
    this.queue = queue;
    this.rank = rank;
  }

  /** Of all such lanes together a process holds one message: when it dies, that one is suspected, and no other. */
  get isApart(): boolean {
    return this.rank === RETURNED;
  }

  /** As many messages as may be unacknowledged with us. */
  get window(): number {
    let window = 0;
    for (const consumer of this.consumers) window += consumer.window;
    return window;
  }

  /** Whether the server would have brought anything that waits there. */
  get isWatched(): boolean {
    return this.consumers.some(({ out, window }) => out < window);
  }

  /** Whether as much as that would come by itself. */
  brings(amount: number): boolean {
    return this.isWatched && this.window >= amount;
  }

  /** Whether it brings more by itself than a claim of so many needs to wait for. */
  isStreaming(limit: number): boolean {
    const { window } = this;
    return window >= MANY && window >= limit;
  }
}

/** More than a worker asks for that does not know how long its jobs take. */
export const MANY = 200;
