import { byBytes, type Counts, type KnownCounts } from "../../broker/counts.ts";
import type { LaneName } from "./lane.ts";
import type { Link } from "./link.ts";
import type { Topology } from "./topology.ts";
import type { Watch } from "./watch.ts";

/** Counts what waits: of what is delayed, running or failed the server does not say which queue it is of. */
export class RabbitmqCounts implements Counts {
  readonly #watch: Link<Watch>;
  readonly #topology: Topology;
  readonly #here: () => Promise<readonly string[]>;

  /** `here` says of which queues jobs came to this process that nobody claimed yet. */
  constructor(watch: Link<Watch>, topology: Topology, here: () => Promise<readonly string[]>) {
    this.#watch = watch;
    this.#topology = topology;
    this.#here = here;
  }

  async queues(): Promise<readonly KnownCounts[]> {
    const waiting = new Map<string, number>();
    for (const { queue, amount } of await this.#waiting(await this.lanes()))
      waiting.set(queue, (waiting.get(queue) ?? 0) + amount);
    return [...waiting]
      .sort(([a], [b]) => byBytes(a, b))
      .map(([queue, amount]) => ({ queue, counts: { waiting: amount } }));
  }

  async ready(): Promise<readonly string[]> {
    const known = await (await this.#watch.open()).known();
    const lanes = await this.#waiting(known);
    const waiting = lanes.filter(({ amount }) => amount > 0).map(({ queue }) => queue);
    // Asked last: what has come meanwhile waits no more where it was counted.
    return [...new Set([...waiting, ...(await this.#here())])].sort();
  }

  async lanes(): Promise<readonly LaneName[]> {
    return (await this.#watch.open()).lanes();
  }

  async #waiting(
    lanes: readonly LaneName[],
  ): Promise<readonly { readonly queue: string; readonly amount: number }[]> {
    const { probe } = await this.#watch.open();
    const counts = await probe.counts(lanes.map((lane) => this.#topology.laneName(lane)));
    return lanes.map(({ queue }, place) => ({ queue, amount: counts[place] ?? 0 }));
  }
}
