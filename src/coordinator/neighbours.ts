import { hostname } from "node:os";
import type { Broker } from "../broker/broker.ts";
import { parseHolder } from "../ipc/holder.ts";
import { readLedger, removeLedger } from "../ipc/ledger.ts";

/**
 * Releases the dead workers of this host that nobody minds, such as one that was
 * started by itself or whose manager died with it. Its ledger tells that it ran
 * here, and which of its jobs it had started.
 */
export async function rescueNeighbours(
  broker: Broker,
  ledger: string,
  own: ReadonlyMap<string, unknown>,
): Promise<void> {
  for (const { holder } of (await broker.inspect?.holders()) ?? []) {
    const parts = parseHolder(holder);
    if (own.has(holder) || parts?.host !== hostname() || isAlive(parts.pid)) continue;
    const started = readLedger(ledger, holder);
    if (started === undefined) continue;
    await broker.release(holder, { kind: "crashed", started, detail: `of ${holder}` });
    removeLedger(ledger, holder);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
