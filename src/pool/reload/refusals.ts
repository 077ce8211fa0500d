import type { ResolvedConfig } from "../../config/resolved.ts";
import { GangerError } from "../../errors.ts";
import type { Logger } from "../../telemetry/log.ts";

/**
 * Workers hold claims of one broker, and a pool is known by its name, broker and pidfile: none can change under it.
 *
 * @throws `GANGER_RELOAD_REFUSED` when one does.
 */
export function assertSame(config: ResolvedConfig, last: ResolvedConfig): void {
  const other = (["app", "broker", "pidfile"] as const).find((key) => config[key] !== last[key]);
  if (other === undefined) return;
  throw new GangerError("GANGER_RELOAD_REFUSED", `A running pool cannot change its ${other}`, {
    hint: "Stop it and start it anew, or take it back.",
  });
}

/** Why a pool that ends takes up nothing new: it wants no workers any more. */
export function poolIsStopping(): GangerError {
  return new GangerError("GANGER_RELOAD_REFUSED", "The pool is stopping, and takes up no change", {
    hint: "Wait until it is gone, and start it anew.",
  });
}

/** It is held for as long as the manager lives. */
export function warnOfLock({ lock }: ResolvedConfig, last: ResolvedConfig, log: Logger): void {
  if (lock === last.lock) return;
  log.warn({ lock, held: last.lock }, "another lock is taken by a restart or a hot swap only");
}
