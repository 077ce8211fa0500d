import type { Counts, KnownCounts } from "../../broker/counts.ts";
import type { Desk, LaneName } from "./desk.ts";
import type { Link } from "./link.ts";
import { Names } from "./names.ts";
import type { Topology } from "./topology.ts";

/** Counts what waits: of what is delayed, running or failed the server does not say which queue it is of. */
export class RabbitmqCounts implements Counts {
  readonly #desk: Link<Desk>;
  readonly #topology: Topology;
  #names: { readonly desk: Desk; readonly names: Promise<Names> } | undefined;

  constructor(desk: Link<Desk>, topology: Topology) {
    this.#desk = desk;
    this.#topology = topology;
  }

  async queues(): Promise<readonly KnownCounts[]> {
    const waiting = new Map<string, number>();
    for (const { queue, amount } of await this.#waiting()) waiting.set(queue, (waiting.get(queue) ?? 0) + amount);
    return [...waiting].sort(byName).map(([queue, amount]) => ({ queue, counts: { waiting: amount } }));
  }

  async ready(): Promise<readonly string[]> {
    const lanes = await this.#waiting();
    return [...new Set(lanes.filter(({ amount }) => amount > 0).map(({ queue }) => queue))].sort();
  }

  async lanes(): Promise<readonly LaneName[]> {
    const desk = await this.#desk.open();
    // The book of names is read once for each connection, and goes on by itself.
    if (this.#names?.desk !== desk) this.#names = { desk, names: Names.open(desk.wire, this.#topology) };
    const names = await this.#names.names;
    await names.sync();
    return names.all();
  }

  async #waiting(): Promise<readonly { readonly queue: string; readonly amount: number }[]> {
    const lanes = await this.lanes();
    const { probe } = await this.#desk.open();
    const counts = await probe.counts(
      lanes.map(({ queue, priority }) => this.#topology.lane(queue, priority)[0]),
    );
    return lanes.map(({ queue }, place) => ({ queue, amount: counts[place] ?? 0 }));
  }
}

/** Names are ASCII, for which the order of UTF-16 units is that of bytes. */
function byName([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : Number(a > b);
}
