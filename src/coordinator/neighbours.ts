import { hostname } from "node:os";
import type { Broker } from "../broker/broker.ts";
import { parseHolder } from "../ipc/holder.ts";
import { readLedger, removeLedger } from "../ipc/ledger.ts";

/**
 * Releases the dead workers of this host that nobody minds, such as one that was
 * started by itself or whose manager died with it. Its ledger tells that it ran
 * here, and which of its jobs it had started. It must be found dead twice: the
 * first time its own manager may be about to say how it ended. Resolves with
 * those found dead.
 */
export async function rescueNeighbours(
  broker: Broker,
  ledger: string,
  own: ReadonlyMap<string, unknown>,
  seenDead: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const dead = new Set<string>();
  for (const holder of await namesOf(broker)) {
    const parts = parseHolder(holder);
    if (own.has(holder) || parts?.host !== hostname() || isAlive(parts.pid)) continue;
    const started = readLedger(ledger, holder);
    if (started === undefined) continue;
    dead.add(holder);
    if (!seenDead.has(holder)) continue;
    await broker.release(holder, { kind: "crashed", started, detail: `of ${holder}` });
    removeLedger(ledger, holder);
  }
  return dead;
}

async function namesOf({ inspect }: Broker): Promise<readonly string[]> {
  if (inspect === undefined) return [];
  if (inspect.holderNames !== undefined) return inspect.holderNames();
  return (await inspect.holders()).map(({ holder }) => holder);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
