import type { Released, ReleaseReason } from "../../broker/claim.ts";
import { DEFAULT_KEEP_MS } from "../../broker/maintenance.ts";
import { toPoison } from "../../broker/poison.ts";
import type { Database, Transaction } from "./database.ts";
import { type Held, toHeld } from "./held.ts";
import { FINISHED, Moves } from "./moves.ts";
import { toNumber } from "./rows.ts";

/**
 * Takes everything from a holder, in a transaction of its own; only if its heartbeat ended by the server's
 * clock, where `isOverdue`. `undefined` when there is no such holder.
 */
export async function release(
  database: Database,
  transaction: Transaction,
  { holder, reason, isOverdue = false }: { holder: string; reason: ReleaseReason; isOverdue?: boolean },
): Promise<Released | undefined> {
  const until = { raw: isOverdue ? database.nowVariable : String(Number.MAX_SAFE_INTEGER) };
  const [, found, heldBy] = await transaction.send([
    database.statement("setNow"),
    database.statement("lockHolder", holder, until),
    database.statement("heldBy", holder),
  ]);
  const [row] = found?.rows ?? [];
  if (row === undefined) return undefined;
  const [holderId = 0, now = 0] = row.map(toNumber);
  const ids = (heldBy?.rows ?? []).map(([id]) => toNumber(id)).sort((a, b) => a - b);
  const locked = await transaction.send(database.each("lockHeldJobs", "r.id", ids));
  const held = locked.flatMap(({ rows }) => rows.map(toHeld));

  const moves = new Moves(database);
  const started = reason.started === undefined ? undefined : new Set(reason.started);
  const waiting: string[] = [];
  const poisoned: string[] = [];
  for (const job of held) {
    const text = String(job.id);
    const ran = started === undefined || started.has(text);
    const isPoison = ran && takeBack(moves, job, { detail: `of ${holder}`, ...reason, now });
    if (!ran) moves.putBack(job, job.priority);
    (isPoison ? poisoned : waiting).push(text);
  }
  const ended = held.map(({ id }) => id);
  const last = [database.statement("deleteHolder", holderId)];
  await moves.apply(transaction, database.each("dropRunning", "r.id", ended), last);
  return { waiting, poisoned };
}

interface Befallen {
  readonly kind: ReleaseReason["kind"];
  readonly detail?: string | undefined;
  readonly now: number;
}

/** Counts what befell a job that had started, and puts it back. True when it crashed once too often and is failed. */
export function takeBack(moves: Moves, job: Held, { kind, detail, now }: Befallen): boolean {
  const { id, crashes, maxCrashes, priority } = job;
  moves.addHistory({ id, now, event: kind, detail });
  if (kind === "interrupted") moves.interrupt(id);
  else moves.crash(id);
  if (kind === "interrupted" || crashes + 1 < maxCrashes) {
    moves.putBack(job, priority);
    return false;
  }
  moves.change("setError", JSON.stringify(toPoison(crashes + 1, detail)), id);
  moves.finish(job, { state: FINISHED.failed, now, keepMs: DEFAULT_KEEP_MS.failed });
  return true;
}
