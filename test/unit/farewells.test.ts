import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Ledger } from "../../src/ipc/ledger.ts";
import type { ToCoordinator } from "../../src/ipc/messages.ts";
import { Farewells } from "../../src/pool/coordination/farewells.ts";

const KILLED = { code: null, signal: "SIGKILL" } as const;
const EXITED = { code: 0, signal: null } as const;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ganger-farewells-"));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

/** Farewells and what was sent to the coordinator. */
function create() {
  const sent: ToCoordinator[] = [];
  return { sent, farewells: new Farewells(directory, (message) => sent.push(message) > 0) };
}

/** Leaves the ledger of a worker that died while it ran these. */
function leaveLedger(holder: string, ...ids: readonly string[]): void {
  const ledger = Ledger.open(directory, holder, 4);
  for (const [slot, id] of ids.entries()) ledger.mark(slot, id);
  ledger.flush();
}

describe("the farewell of a worker", () => {
  it("that died names what it was running, and how it ended", () => {
    const { farewells, sent } = create();
    leaveLedger("host:1:a", "7", "8");
    farewells.add("host:1:a", false, KILLED);

    const end = { kind: "crashed", started: ["7", "8"], detail: "host:1:a, which was ended by SIGKILL" };
    expect(sent).toEqual([{ type: "gone", holder: "host:1:a", end }]);
    expect(farewells.size).toBe(1);
  });

  it.each([
    [
      "died and left no ledger: nobody knows",
      false,
      { code: 1, signal: null },
      { kind: "crashed", started: undefined },
    ],
    ["left by itself with its ledger: nothing", false, EXITED, { kind: "crashed", started: [] }],
    ["left as asked, with its ledger: nothing", true, EXITED, { kind: "interrupted", started: [] }],
    [
      "was killed when it was asked to go: what its ledger says",
      true,
      KILLED,
      { kind: "interrupted", started: ["7"] },
    ],
  ])("that %s", (what, wasAsked, exit, end) => {
    const { farewells, sent } = create();
    if (what.includes("ledger says")) leaveLedger("host:1:a", "7");
    farewells.add("host:1:a", wasAsked, exit);

    expect(sent).toEqual([expect.objectContaining({ end: expect.objectContaining(end) })]);
  });

  it("is over, and its ledger gone, when it is answered", () => {
    const { farewells } = create();
    leaveLedger("host:1:a", "7");
    farewells.add("host:1:a", false, KILLED);
    farewells.answered("host:9:stranger");
    expect(readdirSync(directory)).toHaveLength(1);

    farewells.answered("host:1:a");
    expect(farewells.size).toBe(0);
    expect(readdirSync(directory)).toEqual([]);
  });

  it("is repeated to another coordinator until it is answered", () => {
    const { farewells, sent } = create();
    leaveLedger("host:1:a", "7");
    farewells.add("host:1:a", false, KILLED);
    farewells.add("host:2:b", true, EXITED);
    farewells.answered("host:2:b");
    const [first] = sent.splice(0);
    farewells.repeat();

    expect(sent).toEqual([first]);
  });

  it("is waited for five seconds in all, from the first time that matters", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const { farewells } = create();
    farewells.add("host:1:a", false, KILLED);
    vi.advanceTimersByTime(60_000);
    expect(farewells.deadline).toBeUndefined();
    expect(farewells.isWorthWaiting()).toBe(true);
    expect(farewells.deadline).toBe(performance.now() + 5000);

    vi.advanceTimersByTime(4999);
    expect(farewells.isWorthWaiting()).toBe(true);
    vi.advanceTimersByTime(1);
    expect(farewells.isWorthWaiting()).toBe(false);
    farewells.close();
    expect([farewells.size, farewells.deadline]).toEqual([0, undefined]);
  });
});
