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
  #names: Promise<Names> | undefined;

  private constructor(wire: Wire, topology: Topology) {
    this.#wire = wire;
    this.#topology = topology;
    this.probe = new Probe(wire);
  }

  static async open(wire: Wire, topology: Topology, heard: () => void): Promise<Watch> {
    await listen(wire, topology, heard);
    return new Watch(wire, topology);
  }

  /** The book of names, read to its end. Who only listens has none. */
  async names(): Promise<Names> {
    this.#names ??= Names.open(this.#wire, this.#topology);
    const names = await this.#names;
    await names.sync();
    return names;
  }
}
