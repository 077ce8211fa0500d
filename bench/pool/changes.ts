import type { Figure } from "../measure.ts";
import { scoped } from "../scope.ts";
import { GangerPool, isReady, LISTS } from "./ganger-pool.ts";

/** Reloads and restarts of one pool, each from the request on the control socket to its answer that all is done. */
export function measureChanges(workers: number): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const pool = new GangerPool({ workers }, defer);
    const manager = await pool.started();
    const timed = async (detail: string, type: "reload" | "restart", replaced: number): Promise<Figure> => {
      const before = manager.lines.length;
      const start = performance.now();
      await pool.ask(manager, type === "reload" ? { type, all: false } : { type });
      const value = performance.now() - start;
      const fresh = manager.lines.slice(before).filter(isReady).length;
      if (fresh !== replaced) throw new Error(`${detail}: ${fresh} workers were started, not ${replaced}`);
      return { detail, unit: "ms", value };
    };
    const nothing = await timed("reload, nothing changed", "reload", 0);
    pool.configure({ [LISTS[0]]: { concurrency: 2 } });
    const one = await timed(`reload, 1 of 4 lists changed (${workers / 4} workers)`, "reload", workers / 4);
    pool.configure(pool.allChanged);
    const all = await timed("reload, all lists changed (rolling)", "reload", workers);
    return [nothing, one, all, await timed("rolling restart", "restart", workers)];
  });
}

/** From the start of the new manager to the end of the old one; the new one has all its workers then. */
export function measureSwap(workers: number, ...flags: readonly string[]): Promise<readonly Figure[]> {
  return scoped(async (defer) => {
    const pool = new GangerPool({ workers }, defer);
    const old = await pool.started();
    const fresh = pool.start("--hot-swap", ...flags);
    const end = await old.ended();
    await fresh.line(isReady, workers);
    return [{ unit: "ms", value: end - fresh.startedAt }];
  });
}
