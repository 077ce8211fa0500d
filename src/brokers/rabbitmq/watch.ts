import type { Wake } from "../../broker/wakeups.ts";
import type { Book } from "./book.ts";
import type { LaneName } from "./lane.ts";
import { Names } from "./names.ts";
import { listen } from "./news.ts";
import { Probe } from "./probe.ts";
import type { Topology } from "./topology.ts";
import type { Wire } from "./wire.ts";

/** Hears and looks over one connection, on which nothing is published: an alarm of the server's does not touch it. */
export class Watch {
  readonly probe: Probe;
  readonly #wire: Wire;
  readonly #topology: Topology;
  readonly #book: Book;
  readonly #heard: Wake;
  #names: Promise<Names> | undefined;

  private constructor(wire: Wire, topology: Topology, book: Book, heard: Wake) {
    this.#wire = wire;
    this.#topology = topology;
    this.#book = book;
    this.#heard = heard;
    this.probe = new Probe(wire);
  }

  static async open(wire: Wire, topology: Topology, book: Book, heard: Wake): Promise<Watch> {
    await listen(wire, topology, ({ queues }) => {
      for (const queue of queues) heard(queue);
    });
    return new Watch(wire, topology, book, heard);
  }

  /** The lanes that are known by now, at no cost; `heard` is called when there is one more. */
  async known(): Promise<readonly LaneName[]> {
    const names = await this.#names?.catch(() => undefined);
    return names?.isReading === true ? this.#book.all() : this.lanes();
  }

  /** The lanes that the book of names has. Who only listens does not read it. */
  async lanes(): Promise<readonly LaneName[]> {
    this.#names ??= Names.open(this.#wire, this.#topology, this.#book, this.#heard);
    try {
      await (await this.#names).sync();
    } catch (error) {
      this.#names = undefined;
      throw error;
    }
    return this.#book.all();
  }
}
