import type { Broker } from "../broker/broker.ts";

const told = new Set<string>();

/**
 * Says what a pool writes to its log at each start, for a worker in a process of one's own: as a warning of Node.js, `GangerWarning`,
 * which goes to standard error or to `process.on("warning")`. Each is said once in a process, however many workers it has.
 */
export async function warnOfStore({ maintenance }: Broker): Promise<void> {
  const cautions = (await maintenance?.cautions?.().catch(() => undefined)) ?? [];
  for (const { message, hint } of cautions) {
    if (told.has(message)) continue;
    told.add(message);
    process.emitWarning(message, { type: "GangerWarning", ...(hint === undefined ? {} : { detail: hint }) });
  }
}
