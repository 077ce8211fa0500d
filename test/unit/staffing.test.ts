import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isPresent, type Seat, staff } from "../../src/pool/group/staffing.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function seat(facts: Partial<Seat> = {}): Mutable<Seat> {
  return {
    state: "running",
    isIdle: true,
    since: 0,
    isOutdated: false,
    isWorn: false,
    replaces: undefined,
    wasReplaced: false,
    ...facts,
  };
}

const demand = { wanted: 1, mayReplace: true, holdsSwap: false };

describe("who comes and who goes", () => {
  it("starts those that are missing, and counts those that cool down as there", () => {
    expect(staff([seat(), seat({ state: "cooling" })], { ...demand, wanted: 4 })).toEqual([
      { kind: "start", replaces: undefined },
      { kind: "start", replaces: undefined },
    ]);
    expect(staff([seat({ state: "draining" })], demand)).toEqual([{ kind: "start", replaces: undefined }]);
  });

  it("stops those that do not run, then the idle, then the oldest", () => {
    const busyOld = seat({ isIdle: false, since: 1 });
    const busyYoung = seat({ isIdle: false, since: 9 });
    const idle = seat({ since: 5 });
    const cooling = seat({ state: "cooling", since: 7 });
    const seats = [busyYoung, busyOld, idle, cooling];

    const order = [3, 2, 1, 0].map((wanted) => staff(seats, { ...demand, wanted }).at(-1));

    expect(order).toEqual([cooling, idle, busyOld, busyYoung].map((one) => ({ kind: "stop", seat: one })));
  });

  it("replaces one at a time, those at a limit first, and waits until the last one is gone", () => {
    const outdated = seat({ isOutdated: true, since: 1 });
    const worn = seat({ isWorn: true, since: 2 });
    const two = { ...demand, wanted: 2 };
    expect(staff([outdated, worn], two)).toEqual([{ kind: "start", replaces: worn }]);

    const successor = seat({ state: "starting", replaces: worn });
    expect(staff([outdated, worn, successor], two)).toEqual([]);
    successor.state = "running";
    expect(staff([outdated, worn, successor], { ...two, holdsSwap: true })).toEqual([]);
    expect(staff([outdated, worn, successor], two)).toEqual([{ kind: "promote", seat: successor }]);

    const promoted = seat();
    const leaving = seat({ state: "draining", wasReplaced: true });
    expect(staff([outdated, promoted, leaving], two)).toEqual([]);
    expect(staff([outdated, promoted], two)).toEqual([{ kind: "start", replaces: outdated }]);
  });

  it("lets a successor take the place at once of one that died", () => {
    const gone = seat({ state: "vacant" });
    const successor = seat({ state: "starting", replaces: gone });

    expect(staff([successor], demand)).toEqual([{ kind: "promote", seat: successor }]);
  });

  it("replaces nobody who does not run, and nobody while it may not", () => {
    const cooling = seat({ state: "cooling", isOutdated: true });
    expect(staff([cooling], demand)).toEqual([]);
    expect(staff([seat({ isWorn: true })], { ...demand, mayReplace: false })).toEqual([]);
  });
});

describe("staffing, whatever happens,", () => {
  it("never has more than one too many, never fewer than wanted stay, and everything outdated goes", () => {
    const steps = fc.array(fc.tuple(fc.nat(), fc.constantFrom("ready", "exit", "wear", "resize")), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 }), steps, (first, events) => {
        let wanted = first;
        let seats: Mutable<Seat>[] = [];
        let now = 0;
        const serving = () => seats.filter((one) => isPresent(one) && one.replaces === undefined).length;
        const converge = () => {
          for (let moves = staff(seats, { ...demand, wanted }); moves.length > 0; ) {
            for (const move of moves) {
              if (move.kind === "start")
                seats.push(seat({ state: "starting", since: now, replaces: move.replaces }));
              else if (move.kind === "stop") end(move.seat);
              else promote(move.seat);
            }
            moves = staff(seats, { ...demand, wanted });
          }
        };
        const end = (one: Mutable<Seat>) => {
          one.state = one.state === "cooling" ? "vacant" : "draining";
          seats = seats.filter(({ state }) => state !== "vacant");
        };
        const promote = (one: Mutable<Seat>) => {
          const { replaces } = one;
          one.replaces = undefined;
          const old = seats.find((other) => other === replaces);
          if (old === undefined || !isPresent(old)) return;
          old.wasReplaced = true;
          end(old);
        };
        converge();
        for (const [place, event] of events) {
          now++;
          const one = seats[place % Math.max(1, seats.length)];
          if (event === "resize") wanted = place % 6;
          if (one !== undefined && event === "ready" && one.state === "starting") one.state = "running";
          if (one !== undefined && event === "wear" && one.state === "running") one.isWorn = true;
          if (one !== undefined && event === "exit") seats = seats.filter((other) => other !== one);
          if (one !== undefined && event === "exit") one.state = "vacant";
          converge();
          expect(serving()).toBe(wanted);
          const extra = seats.filter(({ replaces, wasReplaced }) => replaces !== undefined || wasReplaced);
          expect(extra.length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
