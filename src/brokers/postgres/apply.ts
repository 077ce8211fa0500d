import { int8s } from "./binary.ts";
import { MANY_ROWS, type Run } from "./lanes.ts";
import { type Locked, type Move, STATE } from "./moves.ts";
import { type PgRow, toNumber, toText } from "./rows.ts";

export const UNFINISHED: readonly number[] = [STATE.waiting, STATE.scheduled, STATE.blocked, STATE.running];

/** Does what befalls jobs, and answers with `id:token` of each that it did befall; the token is 0 for one that was never claimed. */
export async function apply(
  run: Run,
  moves: readonly Move[],
  states: readonly number[] = [STATE.running],
): Promise<readonly string[]> {
  if (moves.length === 0) return [];
  const sorted = moves.toSorted((a, b) => a.id - b.id);
  const { rows } = await run("apply", [JSON.stringify(sorted), `{${states.join(",")}}`], sorted.length);
  return rows.map((row) => toText(row[0]));
}

/** Locks running jobs, in the transaction that is open. */
export async function lockClaims(run: Run, ids: readonly number[]): Promise<readonly Locked[]> {
  const { rows } = await run("lockClaims", [int8s(ids.toSorted((a, b) => a - b))]);
  return rows.map(toLocked);
}

/** Locks all that a holder has, in the transaction that is open. */
export async function lockHeld(run: Run, holder: number): Promise<readonly Locked[]> {
  const { rows } = await run("lockHeld", [holder], MANY_ROWS);
  return rows.map(toLocked);
}

function toLocked(row: PgRow): Locked {
  const [id = 0, token = 0, crashes = 0, maxCrashes = 0] = row.map(toNumber);
  return { id, token, crashes, maxCrashes };
}
