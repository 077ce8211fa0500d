import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  dueAt,
  SLOT_EVENTS,
  type Slot,
  type SlotEvent,
  type SlotTiming,
  step,
} from "../../src/pool/group/slot.ts";

const timing: SlotTiming = {
  bootMs: 10,
  drainMs: 20,
  graceMs: 7,
  termMs: 3,
  stableMs: 50,
  delayMs: (failures) => 2 ** failures,
};

const vacant: Slot = { state: "vacant" };
const starting: Slot = { state: "starting", deadline: 105, failures: 2 };
const running: Slot = { state: "running", since: 90, failures: 2 };
const draining: Slot = { state: "draining", rung: "drain", deadline: 105 };
const cooling: Slot = { state: "cooling", until: 105, failures: 2 };

const drained: Slot = { state: "draining", rung: "drain", deadline: 120 };
const aborted: Slot = { state: "draining", rung: "abort", deadline: 107 };
const killed: Slot = { state: "draining", rung: "kill", deadline: 600 };
const crashed: Slot = { state: "cooling", until: 108, failures: 3 };

describe("a slot", () => {
  it("waits longer after each crash, until a process proves stable", () => {
    const since: Slot = { state: "running", since: 100, failures: 2 };

    expect(step(since, "exited", 149, timing)).toEqual([{ state: "cooling", until: 157, failures: 3 }]);
    expect(step(since, "exited", 150, timing)).toEqual([{ state: "cooling", until: 152, failures: 1 }]);
  });

  it("kills a process that outstays its boot", () => {
    expect(step(starting, "tick", 104, timing)).toEqual([starting]);
    expect(step(starting, "tick", 105, timing)).toEqual([starting, "kill"]);
  });

  it("climbs from drain to abort, to SIGTERM, to SIGKILL, and goes on killing", () => {
    let slot: Slot = draining;
    const climbed = Array.from({ length: 5 }, () => {
      const due = dueAt(slot) ?? 0;
      expect(step(slot, "tick", due - 1, timing)).toEqual([slot]);
      const [next, action] = step(slot, "tick", due, timing);
      slot = next;
      return [action, due];
    });

    expect(climbed).toEqual([
      ["abort", 105],
      ["term", 112],
      ["kill", 115],
      ["kill", 615],
      ["kill", 1115],
    ]);
  });

  it("gives a process that is not ready little time to go, as it has nothing to finish", () => {
    const patient = { ...timing, drainMs: 3_600_000 };

    expect(step(starting, "stop", 100, patient)[0]).toMatchObject({ rung: "drain", deadline: 5100 });
    expect(step(running, "stop", 100, patient)[0]).toMatchObject({ rung: "drain", deadline: 3_600_100 });
  });

  it("starts again when it has waited, and remembers how often it failed", () => {
    const again: Slot = { state: "starting", deadline: 115, failures: 2 };

    expect(step(cooling, "tick", 104, timing)).toEqual([cooling]);
    expect(step(cooling, "tick", 105, timing)).toEqual([again, "spawn"]);
  });

  it("says when a tick may change something", () => {
    expect([vacant, starting, running, draining, cooling].map(dueAt)).toEqual([
      undefined,
      105,
      undefined,
      105,
      105,
    ]);
  });
});

/** What is not named here changes nothing. The time is 100, before anything is due. */
const TABLE: Record<Slot["state"], Partial<Record<SlotEvent, ReturnType<typeof step>>>> = {
  vacant: { start: [{ state: "starting", deadline: 110, failures: 0 }, "spawn"] },
  starting: {
    ready: [{ state: "running", since: 100, failures: 2 }],
    stop: [drained, "drain"],
    abort: [aborted, "abort"],
    exited: [crashed],
    kill: [killed, "kill"],
  },
  running: {
    stop: [drained, "drain"],
    abort: [aborted, "abort"],
    exited: [crashed],
    kill: [killed, "kill"],
  },
  draining: { exited: [vacant], abort: [aborted, "abort"], kill: [killed, "kill"] },
  cooling: { stop: [vacant], abort: [vacant], kill: [vacant] },
};

describe.each([vacant, starting, running, draining, cooling])("a slot that is $state", (slot) => {
  it.each(SLOT_EVENTS)("knows what to do on %s", (event) => {
    expect(step(slot, event, 100, timing)).toEqual(TABLE[slot.state][event] ?? [slot]);
  });
});

/** A slot with a process that is alive from its spawn to its exit, under a clock that goes on by one with each event. */
class World {
  slot: Slot = vacant;
  isAlive = false;
  spawnedTwice = false;
  now = 0;

  on(event: SlotEvent): void {
    this.now++;
    if (event === "exited" && !this.isAlive) return;
    if (event === "exited") this.isAlive = false;
    const [slot, ...actions] = step(this.slot, event, this.now, timing);
    this.slot = slot;
    if (!actions.includes("spawn")) return;
    this.spawnedTwice ||= this.isAlive;
    this.isAlive = true;
  }
}

describe("a slot, whatever happens in whatever order,", () => {
  const history = fc.array(fc.constantFrom(...SLOT_EVENTS), { maxLength: 80 });

  it("never spawns while a process may be alive, and holds a process that is", () => {
    fc.assert(
      fc.property(history, (events) => {
        const world = new World();
        for (const event of events) {
          world.on(event);
          expect(world.spawnedTwice).toBe(false);
          expect(world.isAlive).toBe(["starting", "running", "draining"].includes(world.slot.state));
        }
      }),
    );
  });

  it.each(["stop", "abort", "kill"] as const)("is vacant after %s and the exit of its process", (event) => {
    fc.assert(
      fc.property(history, (events) => {
        const world = new World();
        for (const earlier of events) world.on(earlier);
        world.on(event);
        world.on("exited");
        expect(world.slot).toEqual(vacant);
      }),
    );
  });

  it("ends a process that does not listen, once its time is over", () => {
    fc.assert(
      fc.property(history, (events) => {
        const world = new World();
        for (const earlier of events) world.on(earlier);
        world.on("stop");
        let { slot } = world;
        const done = Array.from({ length: 4 }, () => {
          const [next, action] = step(slot, "tick", dueAt(slot) ?? 0, timing);
          slot = next;
          return action;
        });
        expect(done.includes("kill")).toBe(world.isAlive);
      }),
    );
  });
});
