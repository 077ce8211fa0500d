import type { Released, ReleaseReason } from "../../broker/claim.ts";
import { apply, lockHeld } from "./apply.ts";
import type { Run } from "./lanes.ts";
import { crash, type Locked, type Move, putBack, STATE, toDetail } from "./moves.ts";
import { single, toNumber } from "./rows.ts";

export const NOTHING: Released = { waiting: [], poisoned: [] };

/** Takes everything from a holder, in the transaction that is open. With `isOverdue` only if its heartbeat has ended. */
export async function release(
  run: Run,
  holder: string,
  reason: ReleaseReason,
  isOverdue = false,
): Promise<Released | undefined> {
  const found = single(await run(isOverdue ? "deleteOverdueHolder" : "deleteHolder", [holder]));
  if (found === undefined) return undefined;
  const started = reason.started === undefined ? undefined : new Set(reason.started);
  const detail = reason.detail ?? `of ${holder}`;
  const held = await lockHeld(run, toNumber(found));
  const moves = held.map((claim) => {
    const ran = started === undefined || started.has(String(claim.id));
    return ran ? takeBack(claim, reason.kind, detail) : putBack(claim.id, 0);
  });
  await apply(run, moves);
  return {
    waiting: moves.filter((move) => !isPoison(move)).map(({ id }) => String(id)),
    poisoned: moves.filter(isPoison).map(({ id }) => String(id)),
  };
}

function isPoison({ target }: Move): boolean {
  return target !== STATE.waiting;
}

function takeBack(claim: Locked, kind: ReleaseReason["kind"], detail: string): Move {
  if (kind === "crashed") return crash(claim, detail);
  return putBack(claim.id, 0, { interruptions: 1, event: "interrupted", detail: toDetail(detail) });
}
