import type { Broker } from "../../broker/broker.ts";
import { GangerError } from "../../errors.ts";
import { MemoryBroker } from "./broker.ts";

/**
 * Opens a store of its own in this process: `memory:`, and nothing after it.
 *
 * @throws `GANGER_URL_INVALID` for anything else.
 */
export async function openMemory(url: string): Promise<Broker> {
  if (url === "memory:") return createMemoryBroker();
  throw new GangerError("GANGER_URL_INVALID", "The URL has something after memory:", {
    hint: "Write memory: alone; such a store has neither a name nor parameters.",
  });
}

export interface MemoryOptions {
  /** The store's clock, in milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/** A new, empty store in memory, for tests that set its clock. */
export function createMemoryBroker({ now = Date.now }: MemoryOptions = {}): Broker {
  return new MemoryBroker(now);
}
