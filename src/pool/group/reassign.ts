import type { Seat } from "./staffing.ts";

/** A group with the workers that it has and should have. */
export interface Staffed<S extends Seat> {
  /** Workers of two groups with equal kinds differ in nothing but their queue list. */
  readonly kind: string;
  readonly wanted: number;
  readonly serving: readonly S[];
}

export interface Transfer<S extends Seat, G extends Staffed<S>> {
  readonly seat: S;
  readonly from: G;
  readonly to: G;
}

/**
 * Which workers get another queue list instead of being stopped in one group and
 * started in another: those too many where they are, the idle first. Pure.
 */
export function reassign<S extends Seat, G extends Staffed<S>>(
  groups: readonly G[],
): readonly Transfer<S, G>[] {
  const spare = groups.flatMap((from) => sparesOf(from).map((seat) => ({ seat, from })));
  return groups.flatMap((to) => {
    const missing = Math.max(0, to.wanted - to.serving.length);
    const taken = spare.filter(({ from }) => from !== to && from.kind === to.kind).slice(0, missing);
    for (const one of taken) spare.splice(spare.indexOf(one), 1);
    return taken.map(({ seat, from }) => ({ seat, from, to }));
  });
}

/** The running workers beyond what is wanted. Those that do not run are stopped: they are no gain. */
function sparesOf<S extends Seat>({ wanted, serving }: Staffed<S>): readonly S[] {
  const running = serving.filter(
    ({ state, isWorn, isOutdated }) => state === "running" && !isWorn && !isOutdated,
  );
  const surplus = Math.min(serving.length - wanted, running.length);
  if (surplus <= 0) return [];
  return running
    .toSorted((a, b) => Number(b.isIdle) - Number(a.isIdle) || a.since - b.since)
    .slice(0, surplus);
}
