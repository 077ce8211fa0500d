import { describe, expect, it } from "vitest";
import { canBecome, isFinished, isJobState, JOB_EVENTS, JOB_STATES } from "../../src/job/states.ts";

/** Every legal step, written out by hand from DESIGN.md part 4. What is not here is illegal. */
const LEGAL = new Set([
  "waiting claim running",
  "waiting cancel cancelled",
  "scheduled due waiting",
  "scheduled cancel cancelled",
  "blocked unblock waiting",
  "blocked unblock scheduled",
  "blocked cancel cancelled",
  "running complete completed",
  "running retry scheduled",
  "running retry waiting",
  "running fail failed",
  "running release waiting",
  "running advance waiting",
  "running advance scheduled",
  "running advance blocked",
  "running cancel cancelled",
  "completed prune gone",
  "failed revive waiting",
  "failed prune gone",
  "cancelled prune gone",
]);

const TRIPLES = JOB_STATES.flatMap((from) =>
  JOB_EVENTS.flatMap((event) => [...JOB_STATES, "gone" as const].map((to) => ({ from, event, to }))),
);

describe("the state machine", () => {
  it.each(TRIPLES)("$from on $event to $to", ({ from, event, to }) => {
    expect(canBecome(from, event, to)).toBe(LEGAL.has(`${from} ${event} ${to}`));
  });

  it("has each of the legal steps among the triples", () => {
    const all = new Set(TRIPLES.map(({ from, event, to }) => `${from} ${event} ${to}`));

    expect(TRIPLES).toHaveLength(7 * 11 * 8);
    expect([...LEGAL].filter((step) => !all.has(step))).toEqual([]);
  });

  it("leaves a finished state only by a person's doing or by deletion", () => {
    const byItself = JOB_EVENTS.filter((event) => event !== "prune" && event !== "revive");
    const leaving = JOB_STATES.filter(isFinished).flatMap((from) =>
      byItself.filter((event) => JOB_STATES.some((to) => canBecome(from, event, to))),
    );

    expect(JOB_STATES.filter(isFinished)).toEqual(["completed", "failed", "cancelled"]);
    expect(leaving).toEqual([]);
  });

  it.each(["gone", "", "Waiting", "toString", "constructor"])("takes %j for no state", (text) => {
    expect(isJobState(text)).toBe(false);
  });
});
