import { describe, expect, it } from "vitest";
import { reassign } from "../../src/pool/group/reassign.ts";
import type { Seat } from "../../src/pool/group/staffing.ts";

function seat(facts: Partial<Seat> = {}): Seat {
  const base = { state: "running", isIdle: true, since: 0, isOutdated: false, isWorn: false } as const;
  return { ...base, replaces: undefined, wasReplaced: false, ...facts };
}

describe("reassigning workers", () => {
  it("gives those too many in one group to one that has too few, the idle first", () => {
    const busy = seat({ isIdle: false });
    const idle = seat({ since: 5 });
    const from = { kind: "a", wanted: 1, serving: [busy, idle] };
    const to = { kind: "a", wanted: 1, serving: [] };

    expect(reassign([from, to])).toEqual([{ seat: idle, from, to }]);
  });

  it("moves nobody to a group of another kind, and nobody who is at a limit, outdated or does not run", () => {
    const serving = [seat({ isWorn: true }), seat({ isOutdated: true }), seat({ state: "starting" })];
    const from = { kind: "a", wanted: 0, serving };

    expect(reassign([from, { kind: "a", wanted: 3, serving: [] }])).toEqual([]);
    expect(
      reassign([
        { ...from, serving: [seat()] },
        { kind: "b", wanted: 1, serving: [] },
      ]),
    ).toEqual([]);
  });

  it("moves each worker once, and no more than there are too many", () => {
    const serving = [seat(), seat(), seat()];
    const groups = [
      { kind: "a", wanted: 1, serving },
      { kind: "a", wanted: 1, serving: [] },
      { kind: "a", wanted: 5, serving: [] },
    ];

    const moved = reassign(groups);

    expect(moved).toHaveLength(2);
    expect(new Set(moved.map((one) => one.seat)).size).toBe(2);
  });
});
