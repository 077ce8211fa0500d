import type { HolderInfo } from "../../broker/claim.ts";
import type { Desk } from "./desk.ts";
import type { Probe } from "./probe.ts";
import type { Topology } from "./topology.ts";

/**
 * Who is alive. Each heartbeat is a message in a queue of its holder's that the server lets expire when it
 * is over: while there is one, the holder lives, by the server's clock.
 */
export async function beat(
  desk: Desk,
  topology: Topology,
  holders: readonly HolderInfo[],
  ttlMs: number,
): Promise<void> {
  const names: string[] = [];
  await desk.probe.run(async (channel) => {
    for (const { holder } of holders) {
      const [name, options] = topology.holder(holder);
      await channel.assertQueue(name, options);
      names.push(name);
    }
  });
  const options = { persistent: true, expiration: ttlMs };
  await desk.send(
    names.map((name, place) => {
      const content = Buffer.from(holders[place]?.queues ?? "");
      return { exchange: "", routingKey: name, content, options: { ...options, messageId: name } };
    }),
  );
}

/** Ends a holder's life. Once there is none, nothing happens. */
export async function bury(desk: Desk, topology: Topology, holder: string): Promise<void> {
  await desk.probe.run((channel) => channel.deleteQueue(topology.holder(holder)[0]));
}

/** Lets a claim ask the server who is alive no more often than it must. */
export class Lives {
  /** Until when a holder lives by the heartbeats of this process, or by the last answer. */
  readonly #until = new Map<string, number>();

  beat(holder: string, ttlMs: number): void {
    const until = performance.now() + ttlMs;
    this.#until.set(holder, Math.max(until, this.#until.get(holder) ?? 0));
  }

  end(holder: string): void {
    this.#until.delete(holder);
  }

  /** Whether it lived by the last answer, and was not released since. */
  hasLived(holder: string): boolean {
    return this.#until.has(holder);
  }

  async isAlive(holder: string, topology: Topology, probe: Probe): Promise<boolean> {
    if (performance.now() < (this.#until.get(holder) ?? 0)) return true;
    const isAlive = ((await probe.count(topology.holder(holder)[0])) ?? 0) > 0;
    if (isAlive) this.#until.set(holder, performance.now() + TRUST_MS);
    return isAlive;
  }
}

/** How long a living holder is believed to live on: it may have been released by another process meanwhile. */
const TRUST_MS = 1000;
