import type { Slot } from "./slot.ts";

/** What counts of a worker when it is decided who comes and who goes. */
export interface Seat {
  readonly state: Slot["state"];
  readonly isIdle: boolean;
  /** When it was started; the oldest goes first. */
  readonly since: number;
  /** It runs what is not wanted any more, and is to be replaced. */
  readonly isOutdated: boolean;
  /** It has reached a limit, and is to be replaced before others. */
  readonly isWorn: boolean;
  /** It takes the place of this one, when it is ready. */
  readonly replaces: Seat | undefined;
  /** It was replaced, and finishes what it runs. */
  readonly wasReplaced: boolean;
}

export type Move<S extends Seat> =
  | { readonly kind: "start"; readonly replaces: S | undefined }
  | { readonly kind: "stop"; readonly seat: S }
  /** The successor is ready: the one it replaces is stopped, if it is still there. */
  | { readonly kind: "promote"; readonly seat: S };

export interface Demand {
  /** Workers that should take jobs. */
  readonly wanted: number;
  /** Whether workers may be replaced now. */
  readonly mayReplace: boolean;
  /** Successors wait until this is false, also when they are ready. */
  readonly holdsSwap: boolean;
}

/**
 * The next moves towards the workers that are wanted; none when nothing is to be
 * done. A successor does not count before it has taken its place. One worker at a
 * time is replaced, the next one when the last one is gone, so that there is never
 * more than one too many. Shrinking takes those that do not run, then the idle,
 * then the oldest. Pure: `Group` does it.
 */
export function staff<S extends Seat>(seats: readonly S[], demand: Demand): readonly Move<S>[] {
  const present = seats.filter(isPresent);
  const successors = present.filter(({ replaces }) => replaces !== undefined);
  const promoted = successors.filter(
    ({ state, replaces }) =>
      replaces === undefined || !isPresent(replaces) || (state === "running" && !demand.holdsSwap),
  );
  if (promoted.length > 0) return promoted.map((seat) => ({ kind: "promote", seat }));

  const serving = present.filter(({ replaces }) => replaces === undefined);
  const missing = demand.wanted - serving.length;
  if (missing > 0) return Array.from({ length: missing }, () => ({ kind: "start", replaces: undefined }));
  if (missing < 0)
    return serving
      .toSorted(byUse)
      .slice(0, -missing)
      .map((seat) => ({ kind: "stop", seat }));

  const isReplacing = successors.length > 0 || seats.some(({ wasReplaced }) => wasReplaced);
  if (!demand.mayReplace || isReplacing) return [];
  const next = serving.filter(isDue).toSorted(byUrgency)[0];
  return next === undefined ? [] : [{ kind: "start", replaces: next }];
}

export function isPresent({ state }: Pick<Seat, "state">): boolean {
  return state !== "draining" && state !== "vacant";
}

function isDue({ state, isOutdated, isWorn }: Seat): boolean {
  return state === "running" && (isOutdated || isWorn);
}

function byUrgency(a: Seat, b: Seat): number {
  return Number(b.isWorn) - Number(a.isWorn) || a.since - b.since;
}

/** Who is missed least first. */
function byUse(a: Seat, b: Seat): number {
  return use(a) - use(b) || a.since - b.since;
}

function use({ state, isIdle }: Seat): number {
  if (state !== "running") return state === "starting" ? 1 : 0;
  return isIdle ? 2 : 3;
}
